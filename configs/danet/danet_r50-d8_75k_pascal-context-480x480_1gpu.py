# on one GPU: the gradients of four batches make an iteration
_base_ = ['./danet_r50-d8_75k_pascal-context-480x480.py']
train_cfg = dict(type='ResumableIterBasedTrainLoop', accumulative_counts=4)
