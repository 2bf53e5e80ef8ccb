# as the authors' code trains masks on COCO: its 180k iterations of 16 images,
# with steps at 120k and 160k, are 24.6, 16.4 and 21.8 epochs
_base_ = ['mmdet::_base_/schedules/schedule_2x.py']
optim_wrapper = dict(
    paramwise_cfg=dict(
        bias_lr_mult=2., bias_decay_mult=0., norm_decay_mult=0.))
param_scheduler = [
    dict(
        type='LinearLR', start_factor=1 / 3, by_epoch=False, begin=0, end=500),
    dict(
        type='MultiStepLR',
        begin=0,
        end=24,
        by_epoch=True,
        milestones=[16, 22],
        gamma=0.1)
]
auto_scale_lr = dict(enable=False, base_batch_size=16)
