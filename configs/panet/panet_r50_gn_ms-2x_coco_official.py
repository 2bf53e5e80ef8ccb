# as the authors' code trains masks
_base_ = [
    '../_base_/models/panet_r50_gn_official.py',
    '../_base_/datasets/coco_instance_ms-1400_official.py',
    '../_base_/schedules/sgd_panet_official_24e.py',
    '../_base_/detection_runtime.py',
]
