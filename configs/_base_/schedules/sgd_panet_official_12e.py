# as the authors' code trains boxes on COCO: its 90k iterations of 16 images,
# with steps at 60k and 80k, are 12.3, 8.2 and 10.9 epochs
_base_ = ['./sgd_panet_official_24e.py']
train_cfg = dict(max_epochs=12)
param_scheduler = [
    dict(
        type='LinearLR', start_factor=1 / 3, by_epoch=False, begin=0, end=500),
    dict(
        type='MultiStepLR',
        begin=0,
        end=12,
        by_epoch=True,
        milestones=[8, 11],
        gamma=0.1)
]
