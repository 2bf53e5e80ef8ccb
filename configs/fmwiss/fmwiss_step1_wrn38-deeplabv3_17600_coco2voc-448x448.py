# COCO-to-VOC on WideResNet-38, step 1
_base_ = ['./fmwiss_step1_r101-deeplabv3_17600_coco2voc-448x448.py']
load_from = 'work_dirs/fmwiss_step0_wrn38-deeplabv3_29070_coco2voc-448x448/iter_29070.pth'
head = dict(in_channels=4096, in_index=1, dilations=(1, 12, 24, 32))
model = dict(
    segmentor=dict(
        pretrained=None,
        backbone=dict(
            _delete_=True,
            type='WiderResNet',
            depth=38,
            out_indices=(2, 5),
            norm_cfg=dict(type='SyncBN', requires_grad=True)),
        decode_head=head),
    teacher=head)
incremental = dict(
    base='fmwiss_step0_wrn38-deeplabv3_29070_coco2voc-448x448.py')
