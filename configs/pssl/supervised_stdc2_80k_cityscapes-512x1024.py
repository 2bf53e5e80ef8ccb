# the stock recipe, whose backbone alone is pre-trained
_base_ = ['mmseg::stdc/stdc2_in1k-pre_4xb12-80k_cityscapes-512x1024.py']
custom_imports = dict(imports=['mmseg_ext'], allow_failed_imports=False)
auto_scale_lr = dict(enable=False, base_batch_size=48)
