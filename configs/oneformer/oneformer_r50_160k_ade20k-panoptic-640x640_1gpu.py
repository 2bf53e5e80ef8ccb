# on one GPU: the gradients of eight batches make an iteration
_base_ = ['./oneformer_r50_160k_ade20k-panoptic-640x640.py']
train_cfg = dict(accumulative_counts=8)
