# AdamW for fine-tuning with 16 crops a batch on one GPU or several; the
# paper's own settings are not known
_base_ = ['./iteration_runtime.py']
optim_wrapper = dict(
    type='OptimWrapper',
    # one kernel for all parameters
    optimizer=dict(type='AdamW', lr=6e-5, weight_decay=0.01, fused=True),
    constructor='GroupedOptimWrapperConstructor',
    paramwise_cfg=dict(
        norm_decay_mult=0., custom_keys=dict(decode_head=dict(lr_mult=10.))))
param_scheduler = [
    dict(
        type='LinearLR', start_factor=1e-3, by_epoch=False, begin=0, end=1500),
    dict(
        type='PolyLR',
        eta_min=0.,
        power=0.9,
        by_epoch=False,
        begin=1500,
        end=40000)
]
train_cfg = dict(max_iters=40000, val_interval=4000)
val_cfg = dict(type='TeacherStudentValLoop')
default_hooks = dict(checkpoint=dict(interval=4000))
auto_scale_lr = dict(enable=False, base_batch_size=16)
