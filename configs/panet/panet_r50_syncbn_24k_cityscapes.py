# Cityscapes: fine labels alone, 8 images; of COCO's weights name one in
# load_from
_base_ = [
    '../_base_/models/panet_r50.py',
    '../_base_/datasets/cityscapes_instance_seeded.py',
    '../_base_/schedules/sgd_panet_24k.py',
]
model = dict(
    roi_head=dict(
        bbox_head=dict(num_classes=8), mask_head=dict(num_classes=8)))
