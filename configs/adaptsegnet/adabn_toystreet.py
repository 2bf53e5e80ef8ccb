# control: statistics of normalisation measured on the target, without training
_base_ = ['./source_only_toystreet.py']
default_hooks = dict(adabn=dict(type='AdaptiveBatchNormHook'))
expected = dict(metric='mIoU', value=0., tolerance=100., seed=0)
