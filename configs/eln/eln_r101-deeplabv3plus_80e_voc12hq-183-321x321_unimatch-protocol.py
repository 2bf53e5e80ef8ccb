_base_ = [
    './eln_r101-deeplabv3plus_80e_voc12hq-92-321x321_unimatch-protocol.py'
]
labeled_list = 'splits/unimatch/183/labeled_seed0.txt'
train_dataloader = dict(
    dataset=dict(
        labeled=dict(ann_file=labeled_list),
        unlabeled=dict(exclude_ann_file=labeled_list)))
# 10,399 unlabelled images, eight a step
epoch_iters = 1299
train_cfg = dict(max_iters=80 * epoch_iters, val_interval=epoch_iters)
param_scheduler = [
    dict(type='PolyLR', power=0.9, by_epoch=False, end=80 * epoch_iters)
]
default_hooks = dict(
    checkpoint=dict(interval=epoch_iters),
    stage=dict(stages=[
        dict(name='pretrain', iters=11 * epoch_iters),
        dict(name='localize', iters=8 * epoch_iters),
        dict(name='semi')
    ]))
