# what every schedule of adaptation has in common; each sets the iterations
_base_ = ['./iteration_runtime.py']
optim_wrapper = dict(
    type='OptimWrapper', constructor='JointOptimWrapperConstructor')
val_cfg = dict(type='SourceTargetValLoop')
default_hooks = dict(
    # last and best; the best is chosen by labels of the target: report both
    checkpoint=dict(save_best='mIoU', rule='greater'),
    domain_adaptation_visualization=dict(
        type='DomainAdaptationVisualizationHook'))
