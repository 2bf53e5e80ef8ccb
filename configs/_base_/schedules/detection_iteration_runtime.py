# what the schedules in iterations on MMDetection have in common
_base_ = ['../detection_runtime.py']
train_cfg = dict(type='mmseg.ResumableIterBasedTrainLoop')
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
default_hooks = dict(
    logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=False),
    checkpoint=dict(
        type='mmseg.AtomicCheckpointHook', by_epoch=False, max_keep_ckpts=1))
log_processor = dict(by_epoch=False)
