# denoising of ToyStreet, ten minutes on one CPU core
_base_ = ['./adamw_toystreet.py']
optim_wrapper = dict(optimizer=dict(lr=2e-3, weight_decay=0.))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=100),
    dict(
        type='CosineAnnealingLR',
        eta_min=0.,
        by_epoch=False,
        begin=100,
        end=3000)
]
train_cfg = dict(max_iters=3000, val_interval=1000)
val_cfg = dict(report='gain')
default_hooks = dict(
    checkpoint=dict(interval=1000),
    denoising_visualization=dict(
        type='DenoisingVisualizationHook', interval=1000),
    # dep_toystreet.py and ddep_toystreet.py load from a place of this name
    export_pretrained=dict(type='ExportPretrainedHook'))
auto_scale_lr = dict(base_batch_size=8)
