# supervises the encoder by tags of whole images, which classes an image shows,
# and by no label of a pixel; on the images that the denoising is trained on
_base_ = [
    '../_base_/models/transunet_tiny.py',
    '../_base_/datasets/camvid-180x240.py',
    '../_base_/schedules/adamw_camvid.py',
    '../_base_/default_runtime.py',
]
model = dict(
    decode_head=dict(
        _delete_=True,
        type='ImageTagHead',
        in_channels=64,
        in_index=3,
        # smaller ones are hardly seen
        min_pixels=50,
        num_classes=11))
# a prediction without positions has no mIoU worth the name
val_dataloader = None
val_evaluator = None
val_cfg = None
test_dataloader = None
test_evaluator = None
test_cfg = None
