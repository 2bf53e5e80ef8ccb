# what the configs on MMDetection have in common
_base_ = ['mmdet::_base_/default_runtime.py']
custom_imports = dict(imports=['mmseg_ext'], allow_failed_imports=False)
custom_hooks = [
    # a wrong number of classes, other things than the data has, and a loss
    # that is not finite stop the training
    dict(type='mmdet.NumClassCheckHook'),
    dict(type='mmseg.CheckThingClassesHook'),
    dict(type='mmseg.CheckFiniteLossHook'),
]
