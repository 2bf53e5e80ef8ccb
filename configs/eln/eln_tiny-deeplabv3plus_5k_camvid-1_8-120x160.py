# CamVid at half resolution with 46 labelled images, for two CPU cores
_base_ = [
    '../_base_/models/eln_deeplabv3plus_tiny.py',
    '../_base_/datasets/camvid_semi-120x160.py',
    '../_base_/schedules/adamw_camvid_5k.py',
    '../_base_/default_runtime.py',
]
# the other networks exist, but not every stage gives them a gradient
find_unused_parameters = True
model = dict(segmentor=dict(decode_head=dict(num_classes=11)))
default_hooks = dict(
    stage=dict(
        type='StageHook',
        stages=[
            dict(name='pretrain', iters=1500),
            dict(name='localize', iters=500),
            dict(name='semi')
        ]),
    error_simulation=dict(type='ErrorSimulationHook'),
    ema_teacher=dict(type='EMATeacherHook', momentum=0.995),
    pseudo_label=dict(type='PseudoLabelHook', interval=500),
    eln_visualization=dict(type='ELNVisualizationHook'))
