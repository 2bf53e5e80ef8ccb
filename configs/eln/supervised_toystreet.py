# the labelled images of eln_toystreet.py alone, the same iterations
_base_ = [
    '../_base_/models/deeplabv3plus_tiny.py',
    '../_base_/datasets/toystreet.py',
    '../_base_/schedules/adamw_toystreet.py',
    '../_base_/default_runtime.py',
]
