# translation without a segmentor
_base_ = [
    '../_base_/models/cyclegan_resnet6.py',
    '../_base_/datasets/camvid_day_to_dusk_unpaired-256x256.py',
    '../_base_/schedules/cyclegan_20k.py',
    '../_base_/default_runtime.py',
]
segmentor = dict(
    decode_head=dict(num_classes=11), auxiliary_head=dict(num_classes=11))
