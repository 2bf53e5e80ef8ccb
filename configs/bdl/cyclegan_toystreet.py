# translation without a segmentor: that of round 0, and of CyCADA
_base_ = [
    '../_base_/models/cyclegan_tiny.py',
    '../_base_/datasets/toystreet_day_to_dusk_unpaired-64x64.py',
    '../_base_/schedules/cyclegan_1k.py',
    '../_base_/default_runtime.py',
]
expected = dict(metric='color_shift', value=88.36, tolerance=2., seed=0)
