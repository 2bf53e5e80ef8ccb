# control: statistics of normalisation measured on the target, without training
_base_ = ['./source_only_toystreet.py']
default_hooks = dict(adabn=dict(type='AdaptiveBatchNormHook'))
expected = dict(metric='mIoU', value=51.49, tolerance=2., seed=0)
