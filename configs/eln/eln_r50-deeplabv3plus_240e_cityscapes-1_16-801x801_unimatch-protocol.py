_base_ = [
    './eln_r50-deeplabv3plus_240e_cityscapes-1_8-801x801_unimatch-protocol.py'
]
labeled_list = 'splits/unimatch/1_16/labeled_seed0.txt'
unlabeled_list = 'splits/unimatch/1_16/unlabeled_seed0.txt'
train_dataloader = dict(
    dataset=dict(
        labeled=dict(ann_file=labeled_list),
        unlabeled=dict(ann_file=unlabeled_list)))
# 2,789 unlabelled images, eight a step
epoch_iters = 348
train_cfg = dict(max_iters=240 * epoch_iters, val_interval=10 * epoch_iters)
param_scheduler = [
    dict(type='PolyLR', power=0.9, by_epoch=False, end=240 * epoch_iters)
]
default_hooks = dict(
    checkpoint=dict(interval=10 * epoch_iters),
    stage=dict(stages=[
        dict(name='pretrain', iters=48 * epoch_iters),
        dict(name='localize', iters=28 * epoch_iters),
        dict(name='semi')
    ]))
