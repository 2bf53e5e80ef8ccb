# on one GPU: the gradients of eight batches make an iteration
_base_ = ['./pssl_pretrain_ocrnet_hr18_133k_imagenet-256x256.py']
train_cfg = dict(accumulative_counts=8)
