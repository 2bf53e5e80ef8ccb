# on one GPU: the gradients of four batches make an iteration, of two images
# each, since the pooled image has one pixel and its norm layer needs more
_base_ = ['./gscnn_wrn38-d8_65k_cityscapes-720x720_official.py']
train_dataloader = dict(batch_size=2)
train_cfg = dict(type='ResumableIterBasedTrainLoop', accumulative_counts=4)
