# on one GPU: the gradients of four batches make an iteration
_base_ = [
    './fastfcn_r50-d32_jpu_psp_80k_cityscapes-512x1024_stock-dilation.py'
]
train_cfg = dict(type='ResumableIterBasedTrainLoop', accumulative_counts=4)
