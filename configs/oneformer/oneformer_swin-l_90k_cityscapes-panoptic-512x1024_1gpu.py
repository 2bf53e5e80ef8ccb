# on one GPU: the gradients of sixteen batches make an iteration
_base_ = ['./oneformer_swin-l_90k_cityscapes-panoptic-512x1024.py']
train_cfg = dict(accumulative_counts=16)
