# on one GPU: the gradients of four batches make an iteration
_base_ = ['./danet_efficient_r50-d8_4xb4-80k_ade20k-512x512.py']
train_cfg = dict(type='ResumableIterBasedTrainLoop', accumulative_counts=4)
