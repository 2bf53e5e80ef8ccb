# ELN as in the paper: Cityscapes with 1/8 of the labels, one GPU, four
# labelled and four unlabelled crops a batch
_base_ = [
    '../_base_/models/eln_deeplabv3plus_dense_r50-os16.py',
    '../_base_/datasets/cityscapes_semi-512x1024.py',
    '../_base_/schedules/adamw_133k.py',
    '../_base_/default_runtime.py',
]
# the other networks exist, but not every stage gives them a gradient
find_unused_parameters = True
model = dict(segmentor=dict(decode_head=dict(num_classes=19)))
optim_wrapper = dict(
    paramwise_cfg=dict(
        custom_keys={
            'segmentor.backbone': dict(lr_mult=0.1),
            'pseudo_filter.backbone': dict(lr_mult=0.1)
        }))
default_hooks = dict(
    # 100 and 58 "epochs" of 266 iterations
    stage=dict(
        type='StageHook',
        stages=[
            dict(name='pretrain', iters=26600),
            dict(name='localize', iters=15428),
            dict(name='semi')
        ]),
    error_simulation=dict(type='ErrorSimulationHook'),
    ema_teacher=dict(type='EMATeacherHook', momentum=0.995),
    pseudo_label=dict(type='PseudoLabelHook', interval=2660))
auto_scale_lr = dict(base_batch_size=8)
