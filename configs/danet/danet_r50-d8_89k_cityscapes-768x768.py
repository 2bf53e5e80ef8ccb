# four GPUs with two images each
_base_ = [
    '../_base_/models/danet_r50-d8_paper.py',
    '../_base_/datasets/cityscapes_sliding-768x768.py',
    '../_base_/schedules/sgd_danet_89k.py',
    '../_base_/default_runtime.py',
]
crop_size = (768, 768)
model = dict(
    data_preprocessor=dict(size=crop_size),
    test_cfg=dict(mode='slide', crop_size=crop_size, stride=(512, 512)))
train_dataloader = dict(batch_size=2)
