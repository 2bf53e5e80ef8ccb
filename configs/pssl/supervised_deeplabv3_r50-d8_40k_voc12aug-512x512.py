# the stock recipe, whose backbone alone is pre-trained
_base_ = ['mmseg::deeplabv3/deeplabv3_r50-d8_4xb4-40k_voc12aug-512x512.py']
custom_imports = dict(imports=['mmseg_ext'], allow_failed_imports=False)
auto_scale_lr = dict(enable=False, base_batch_size=16)
