# all parts of PANet, many scales
_base_ = [
    '../_base_/models/panet_r50.py',
    '../_base_/datasets/coco_instance_ms-1400.py',
    '../_base_/schedules/sgd_panet_22e.py',
    '../_base_/detection_runtime.py',
]
