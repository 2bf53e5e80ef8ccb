# on one GPU: the gradients of sixteen batches make an iteration
_base_ = ['./oneformer_swin-l_738k_coco-panoptic-1024x1024.py']
train_cfg = dict(accumulative_counts=16)
