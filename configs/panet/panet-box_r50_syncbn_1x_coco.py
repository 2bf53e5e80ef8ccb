# a detector alone, with the heavier box head
_base_ = [
    '../_base_/models/panet_r50.py',
    '../_base_/datasets/coco_instance-1000x800.py',
    '../_base_/schedules/sgd_panet_11e.py',
    '../_base_/detection_runtime.py',
]
model = dict(roi_head=dict(mask_roi_extractor=None, mask_head=None))
val_evaluator = dict(metric='bbox')
test_evaluator = val_evaluator
