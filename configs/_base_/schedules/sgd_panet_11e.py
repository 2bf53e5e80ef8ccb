# PANet without masks on COCO: 60k and 20k iterations of 16 images are 8.2 and
# 2.7 epochs
_base_ = ['./sgd_panet_22e.py']
train_cfg = dict(max_epochs=11)
param_scheduler = [
    dict(
        type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=500),
    dict(
        type='MultiStepLR',
        begin=0,
        end=11,
        by_epoch=True,
        milestones=[8],
        gamma=0.1)
]
