# what schedules in iterations of mmdet's models have in common
_base_ = ['mmdet::_base_/default_runtime.py']
custom_imports = dict(imports=['mmseg_ext'], allow_failed_imports=False)
custom_hooks = [dict(type='mmseg.CheckFiniteLossHook')]
train_cfg = dict(type='mmseg.ResumableIterBasedTrainLoop')
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
default_hooks = dict(
    logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=False),
    checkpoint=dict(
        _delete_=True,
        type='mmseg.AtomicCheckpointHook',
        by_epoch=False,
        max_keep_ckpts=1))
log_processor = dict(type='LogProcessor', window_size=50, by_epoch=False)
