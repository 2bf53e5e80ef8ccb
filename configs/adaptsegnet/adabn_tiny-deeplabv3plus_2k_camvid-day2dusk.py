# control: statistics of normalisation measured on the target, without training
_base_ = ['./source_only_tiny-deeplabv3plus_2k_camvid-day2dusk.py']
default_hooks = dict(adabn=dict(type='AdaptiveBatchNormHook'))
