# one image of each domain on each of four GPUs
_base_ = ['./cyclegan_resnet9_47k_synthia2cityscapes-452x452.py']
train_dataloader = dict(
    batch_size=2, sampler=dict(source_sizes=dict(source=1, target=1)))
