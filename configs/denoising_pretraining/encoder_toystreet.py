# supervises the encoder of the tiny TransUNet by tags of whole images, which
# classes an image shows, and by no label of a pixel; on the images that the
# denoising is trained on
_base_ = [
    '../_base_/models/transunet_tiny.py',
    '../_base_/datasets/toystreet.py',
    '../_base_/schedules/adamw_toystreet.py',
    '../_base_/default_runtime.py',
]
model = dict(
    decode_head=dict(
        _delete_=True,
        type='ImageTagHead',
        in_channels=64,
        in_index=3,
        # smaller ones are hardly seen
        min_pixels=20,
        num_classes=9))
train_dataloader = dict(
    dataset=dict(dataset=dict(data_root='data/unlabeled_toystreet/day')))
optim_wrapper = dict(optimizer=dict(lr=2e-3))
# a prediction without positions has no mIoU worth the name
val_dataloader = None
val_evaluator = None
val_cfg = None
test_dataloader = None
test_evaluator = None
test_cfg = None
# in percent, of a batch of the training
expected = dict(metric='decode.acc_tags', value=87.5, tolerance=10.0, seed=0)
