# on one GPU: the gradients of four batches make an iteration
_base_ = ['./pssl_ocrnet_hr18_160k_ade20k-512x512.py']
train_cfg = dict(type='ResumableIterBasedTrainLoop', accumulative_counts=4)
