# on one GPU: the gradients of eight batches make an iteration
_base_ = ['./ddep_pretrain_transunet_500k_imagenet21k-224x224_conditioned.py']
train_cfg = dict(accumulative_counts=8)
