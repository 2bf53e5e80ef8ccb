# on one GPU: the gradients of eight batches make an iteration
_base_ = ['./gscnn_wrn38-d8_43k_cityscapes-800x800.py']
train_cfg = dict(type='ResumableIterBasedTrainLoop', accumulative_counts=8)
