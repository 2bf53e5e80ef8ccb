# control: statistics of normalisation measured on the target, without training
_base_ = ['./source_only_toystreet.py']
default_hooks = dict(adabn=dict(type='AdaptiveBatchNormHook'))
# no figure is promised, unlike by the parent
expected = dict(_delete_=True)
