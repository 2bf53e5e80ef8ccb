# on one GPU: the gradients of sixteen batches make an iteration
_base_ = ['./oneformer_swin-l_160k_ade20k-panoptic-640x640.py']
train_cfg = dict(accumulative_counts=16)
