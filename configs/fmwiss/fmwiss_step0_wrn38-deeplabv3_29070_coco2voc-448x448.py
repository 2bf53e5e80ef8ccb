# WideResNet-38, on which WILSON has COCO-to-VOC, with the dilations there; here
# nothing is normalised behind mod7. ImageNet weights have no public address:
#   --cfg-options model.backbone.pretrained=FILE
_base_ = ['./fmwiss_step0_r101-deeplabv3_29070_coco2voc-448x448.py']
model = dict(
    pretrained=None,
    backbone=dict(
        _delete_=True,
        type='WiderResNet',
        depth=38,
        # mod4 and mod7
        out_indices=(2, 5),
        norm_cfg=dict(type='SyncBN', requires_grad=True)),
    decode_head=dict(in_channels=4096, in_index=1, dilations=(1, 12, 24, 32)))
