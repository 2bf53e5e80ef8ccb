# on one GPU: the gradients of four batches make an iteration
_base_ = ['./fpn_r50-d32_psp_25k_pascal-context-59-480x480.py']
train_cfg = dict(type='ResumableIterBasedTrainLoop', accumulative_counts=4)
