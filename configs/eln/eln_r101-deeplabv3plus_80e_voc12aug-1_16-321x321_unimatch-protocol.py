_base_ = [
    './eln_r101-deeplabv3plus_80e_voc12aug-1_8-321x321_unimatch-protocol.py'
]
labeled_list = 'splits/unimatch/1_16/labeled_seed0.txt'
unlabeled_list = 'splits/unimatch/1_16/unlabeled_seed0.txt'
train_dataloader = dict(
    dataset=dict(
        labeled=dict(ann_file=labeled_list),
        unlabeled=dict(ann_file=unlabeled_list)))
# 9,920 unlabelled images, eight a step
epoch_iters = 1240
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
