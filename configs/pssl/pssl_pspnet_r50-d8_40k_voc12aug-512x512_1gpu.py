# on one GPU: the gradients of four batches make an iteration
_base_ = ['./pssl_pspnet_r50-d8_40k_voc12aug-512x512.py']
train_cfg = dict(type='ResumableIterBasedTrainLoop', accumulative_counts=4)
