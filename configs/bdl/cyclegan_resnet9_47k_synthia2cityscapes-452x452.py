# translation without a segmentor: that of round 0, and of the one-directional
# baseline
_base_ = [
    '../_base_/models/cyclegan_resnet9.py',
    '../_base_/datasets/synthia_to_cityscapes_unpaired-452x452.py',
    '../_base_/schedules/cyclegan_47k.py',
    '../_base_/default_runtime.py',
]
segmentor = dict(auxiliary_head=None)
