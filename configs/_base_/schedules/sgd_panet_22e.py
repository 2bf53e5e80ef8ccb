# PANet on COCO: 120k and 40k iterations of 16 images are 16.4 and 5.5 epochs
_base_ = ['mmdet::_base_/schedules/schedule_2x.py']
train_cfg = dict(max_epochs=22)
param_scheduler = [
    dict(
        type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=500),
    dict(
        type='MultiStepLR',
        begin=0,
        end=22,
        by_epoch=True,
        milestones=[16],
        gamma=0.1)
]
auto_scale_lr = dict(enable=False, base_batch_size=16)
