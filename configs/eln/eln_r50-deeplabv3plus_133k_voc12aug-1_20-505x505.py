# ELN as in the paper: VOC 2012 with 1/20 of the 10,582 training images
# labelled, one GPU, six labelled and six unlabelled images a batch
_base_ = [
    '../_base_/models/eln_deeplabv3plus_dense_r50-os16.py',
    '../_base_/datasets/voc12aug_semi-505x505.py',
    '../_base_/schedules/adamw_133k.py',
    '../_base_/default_runtime.py',
]
labeled_list = 'splits/1_20/labeled_seed0.txt'
unlabeled_list = 'splits/1_20/unlabeled_seed0.txt'
train_dataloader = dict(
    dataset=dict(
        labeled=dict(ann_file=labeled_list),
        unlabeled=dict(ann_file=unlabeled_list)))
# the other networks exist, but not every stage gives them a gradient
find_unused_parameters = True
optim_wrapper = dict(
    paramwise_cfg=dict(
        custom_keys={
            'segmentor.backbone': dict(lr_mult=0.1),
            'pseudo_filter.backbone': dict(lr_mult=0.1)
        }))
default_hooks = dict(
    # 70 and 50 "epochs" of 266 iterations
    stage=dict(
        type='StageHook',
        stages=[
            dict(name='pretrain', iters=18620),
            dict(name='localize', iters=13300),
            dict(name='semi')
        ]),
    error_simulation=dict(type='ErrorSimulationHook'),
    ema_teacher=dict(type='EMATeacherHook', momentum=0.995),
    pseudo_label=dict(type='PseudoLabelHook', interval=2660))
