# VOC 15-5, overlap: 9568 images with labels of pixels
_base_ = [
    '../_base_/models/incremental_deeplabv3_r101-d16.py',
    '../_base_/datasets/voc12aug_incremental-512x512.py',
    '../_base_/schedules/sgd_incremental.py',
    '../_base_/default_runtime.py',
]
model = dict(
    decode_head=dict(num_classes=16, loss_decode=dict(loss_weight=16.)))
train_dataloader = dict(
    dataset=dict(dataset=dict(task='voc_15-5', setting='overlap', step=0)))
val_dataloader = dict(dataset=dict(task='voc_15-5', step=0))
test_dataloader = val_dataloader
train_cfg = dict(max_iters=11940)
param_scheduler = [
    dict(
        type='PolyLR',
        eta_min=0,
        power=0.9,
        by_epoch=False,
        begin=0,
        end=11940)
]
