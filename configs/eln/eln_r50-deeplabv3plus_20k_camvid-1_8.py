# CamVid at full size with 46 labelled images, for a GPU
_base_ = [
    '../_base_/models/eln_deeplabv3plus_dense_r50-os16.py',
    '../_base_/datasets/camvid_semi.py',
    '../_base_/schedules/adamw_133k.py',
    '../_base_/default_runtime.py',
]
# the other networks exist, but not every stage gives them a gradient
find_unused_parameters = True
model = dict(segmentor=dict(decode_head=dict(num_classes=11)))
optim_wrapper = dict(
    paramwise_cfg=dict(
        custom_keys={
            'segmentor.backbone': dict(lr_mult=0.1),
            'pseudo_filter.backbone': dict(lr_mult=0.1)
        }))
train_cfg = dict(max_iters=20000, val_interval=1000)
default_hooks = dict(
    checkpoint=dict(interval=1000),
    stage=dict(
        type='StageHook',
        stages=[
            dict(name='pretrain', iters=3000),
            dict(name='localize', iters=2000),
            dict(name='semi')
        ]),
    error_simulation=dict(type='ErrorSimulationHook'),
    ema_teacher=dict(type='EMATeacherHook', momentum=0.995),
    pseudo_label=dict(type='PseudoLabelHook', interval=1000))
auto_scale_lr = dict(base_batch_size=8)
