_base_ = [
    '../_base_/models/eln_deeplabv3plus_tiny.py',
    '../_base_/datasets/toystreet_semi.py',
    '../_base_/schedules/adamw_toystreet.py',
    '../_base_/default_runtime.py',
]
find_unused_parameters = True
model = dict(
    # taught on eight images, the filter ranks pixels better than it tells
    # where to cut
    pseudo_score_weight=True,
    # decoders that hardly learn, and mixed images: eight labelled images
    # leave the main decoder few errors to show
    aux_decoders=dict(alphas=(8., 16.)),
    filter_cut_mix=dict(prob=1., area=(0.1, 0.4)))
default_hooks = dict(
    stage=dict(
        type='StageHook',
        stages=[
            dict(name='pretrain', iters=700),
            dict(name='localize', iters=300),
            dict(name='semi')
        ]),
    error_simulation=dict(type='ErrorSimulationHook'),
    ema_teacher=dict(type='EMATeacherHook', momentum=0.995),
    pseudo_label=dict(type='PseudoLabelHook', interval=300),
    eln_visualization=dict(type='ELNVisualizationHook'))
expected = dict(metric='student/mIoU', value=57.60, tolerance=2., seed=0)
