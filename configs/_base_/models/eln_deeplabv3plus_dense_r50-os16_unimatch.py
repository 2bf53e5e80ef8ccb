# ELN with network, views and normalisation of UniMatch (arXiv 2208.09910)
_base_ = ['./eln_deeplabv3plus_dense_r50-os16.py']
model = dict(
    segmentor=dict(
        pretrained='open-mmlab://resnet50_v1c',
        backbone=dict(
            type='ResNetV1c', multi_grid=None, contract_dilation=True)),
    # two images a GPU
    pseudo_filter=dict(norm_cfg=dict(type='SyncBN', requires_grad=True)),
    student_views=('unlabeled_strong', 'unlabeled_strong_2'),
    cut_mix=dict(prob=0.5, area=(0.02, 0.4), aspect=(0.3, 1 / 0.3)),
    pseudo_norm='valid',
    pseudo_at='image',
    teacher_norm='running')
