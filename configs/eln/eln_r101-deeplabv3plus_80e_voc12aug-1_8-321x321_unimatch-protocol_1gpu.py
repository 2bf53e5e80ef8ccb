# on one GPU: the gradients of four batches make an iteration
_base_ = [
    './eln_r101-deeplabv3plus_80e_voc12aug-1_8-321x321_unimatch-protocol.py'
]
train_cfg = dict(accumulative_counts=4)
