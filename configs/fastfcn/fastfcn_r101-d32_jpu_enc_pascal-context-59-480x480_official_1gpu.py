# on one GPU: the gradients of four batches make an iteration
_base_ = ['./fastfcn_r101-d32_jpu_enc_pascal-context-59-480x480_official.py']
train_cfg = dict(type='ResumableIterBasedTrainLoop', accumulative_counts=4)
