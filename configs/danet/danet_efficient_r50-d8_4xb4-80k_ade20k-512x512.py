# the stock recipe: the memory changes alone
_base_ = [
    '../_base_/models/efficient_danet_r50-d8.py',
    'mmseg::_base_/datasets/ade20k.py',
    'mmseg::_base_/schedules/schedule_80k.py',
    '../_base_/default_runtime.py',
]
model = dict(
    data_preprocessor=dict(size=(512, 512)),
    decode_head=dict(num_classes=150),
    auxiliary_head=dict(num_classes=150))
auto_scale_lr = dict(enable=False, base_batch_size=16)
