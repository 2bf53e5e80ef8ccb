# on one GPU: the gradients of eight batches make an iteration
_base_ = ['./pssl_pretrain_deeplabv3_r50-d8_133k_imagenet-256x256.py']
train_cfg = dict(accumulative_counts=8)
