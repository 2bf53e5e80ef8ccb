# on one GPU: the gradients of four batches make an iteration
_base_ = ['./fastfcn_r101-d32_jpu_enc_152k_ade20k-480x480.py']
train_cfg = dict(type='ResumableIterBasedTrainLoop', accumulative_counts=4)
