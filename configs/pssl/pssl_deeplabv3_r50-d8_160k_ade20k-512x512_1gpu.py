# on one GPU: the gradients of four batches make an iteration
_base_ = ['./pssl_deeplabv3_r50-d8_160k_ade20k-512x512.py']
train_cfg = dict(type='ResumableIterBasedTrainLoop', accumulative_counts=4)
