# on one GPU: the gradients of eight batches make an iteration
_base_ = ['./gscnn_wrn38-d8_65k_cityscapes-720x720_official.py']
train_cfg = dict(type='ResumableIterBasedTrainLoop', accumulative_counts=8)
