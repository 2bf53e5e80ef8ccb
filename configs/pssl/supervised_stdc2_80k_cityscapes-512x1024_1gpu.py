# on one GPU: the gradients of four batches make an iteration
_base_ = ['./supervised_stdc2_80k_cityscapes-512x1024.py']
train_cfg = dict(type='ResumableIterBasedTrainLoop', accumulative_counts=4)
