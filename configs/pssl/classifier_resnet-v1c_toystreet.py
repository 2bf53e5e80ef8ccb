# the first of the committee, whose backbone is that of the segmentor
_base_ = [
    '../_base_/models/classifier_tiny.py',
    '../_base_/datasets/toystreet_crops-64x64.py',
    '../_base_/schedules/classification_adamw_toystreet.py',
]
expected = dict(metric='accuracy/top1', value=78.4, tolerance=5., seed=0)
