# translation without a segmentor, at half resolution, for a CPU core
_base_ = [
    '../_base_/models/cyclegan_tiny.py',
    '../_base_/datasets/camvid_day_to_dusk_unpaired-96x96.py',
    '../_base_/schedules/cyclegan_1k.py',
    '../_base_/default_runtime.py',
]
segmentor = dict(
    decode_head=dict(num_classes=11), auxiliary_head=dict(num_classes=11))
