# COCO-to-VOC: 23274 images of COCO with labels of pixels of 60 things
_base_ = [
    '../_base_/models/incremental_deeplabv3_r101-d8.py',
    '../_base_/datasets/coco2voc_incremental-448x448.py',
    '../_base_/schedules/sgd_incremental.py',
    '../_base_/default_runtime.py',
]
model = dict(
    decode_head=dict(num_classes=61, loss_decode=dict(loss_weight=61.)))
train_cfg = dict(max_iters=29070)
param_scheduler = [
    dict(
        type='PolyLR',
        eta_min=0,
        power=0.9,
        by_epoch=False,
        begin=0,
        end=29070)
]
