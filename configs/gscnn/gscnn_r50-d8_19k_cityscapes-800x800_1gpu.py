# on one GPU: the gradients of eight batches make an iteration
_base_ = ['./gscnn_r50-d8_19k_cityscapes-800x800.py']
train_cfg = dict(type='ResumableIterBasedTrainLoop', accumulative_counts=8)
