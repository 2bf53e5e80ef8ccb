# the three tasks of ToyStreet with one small model
_base_ = [
    '../_base_/models/oneformer_tiny.py',
    '../_base_/datasets/toystreet_panoptic.py',
    '../_base_/schedules/adamw_oneformer_toystreet.py'
]
expected = dict(metric='coco_panoptic/PQ', value=43.39, tolerance=3., seed=0)
