# on one GPU: the gradients of eight batches make an iteration
_base_ = ['./oneformer_r50_369k_coco-panoptic-1024x1024.py']
train_cfg = dict(accumulative_counts=8)
