# on one GPU: the gradients of eight batches make an iteration
_base_ = ['./oneformer_r50_90k_cityscapes-panoptic-512x1024.py']
train_cfg = dict(accumulative_counts=8)
