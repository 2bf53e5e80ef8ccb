# on one GPU: the gradients of eight batches make an iteration
_base_ = ['./panet_r50_syncbn_24k_cityscapes.py']
train_cfg = dict(accumulative_counts=8)
