# UPerNet with Swin-T on 100 labelled images of Cityscapes, with the usual
# encoder and a random decoder
_base_ = [
    'mmseg::_base_/models/upernet_swin.py',
    '../_base_/datasets/cityscapes_seeded-512x1024.py',
    '../_base_/schedules/finetune_adamw_5k.py',
    '../_base_/default_runtime.py',
]
# pad to the largest image of the batch
data_preprocessor = dict(size_divisor=1)
model = dict(
    data_preprocessor=data_preprocessor,
    backbone=dict(
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://download.openmmlab.com/mmsegmentation/'
            'v0.5/pretrain/swin/swin_tiny_patch4_window7_224_20220317-'
            '1cdeb081.pth')))
train_dataloader = dict(
    dataset=dict(
        dataset=dict(ann_file='splits/unimatch/1_30/labeled_seed0.txt')))
