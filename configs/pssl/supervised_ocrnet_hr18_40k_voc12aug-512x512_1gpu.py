# on one GPU: the gradients of four batches make an iteration
_base_ = ['./supervised_ocrnet_hr18_40k_voc12aug-512x512.py']
train_cfg = dict(type='ResumableIterBasedTrainLoop', accumulative_counts=4)
