# on one GPU: the gradients of four batches make an iteration
_base_ = ['./danet_cam-only_r101-d8_89k_cityscapes-768x768.py']
train_cfg = dict(type='ResumableIterBasedTrainLoop', accumulative_counts=4)
