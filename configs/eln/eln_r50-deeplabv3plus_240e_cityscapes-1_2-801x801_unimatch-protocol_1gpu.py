# on one GPU: the gradients of four batches make an iteration
_base_ = [
    './eln_r50-deeplabv3plus_240e_cityscapes-1_2-801x801_unimatch-protocol.py'
]
train_cfg = dict(accumulative_counts=4)
