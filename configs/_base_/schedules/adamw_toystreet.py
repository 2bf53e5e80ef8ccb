# for training from random weights on ToyStreet; one to five minutes on two
# CPU cores
_base_ = ['./iteration_runtime.py']
optim_wrapper = dict(
    type='OptimWrapper',
    # one kernel for all parameters
    optimizer=dict(type='AdamW', lr=5e-3, weight_decay=1e-4, fused=True))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=50),
    dict(
        type='PolyLR',
        eta_min=1e-5,
        power=0.9,
        by_epoch=False,
        begin=50,
        end=1800)
]
train_cfg = dict(max_iters=1800, val_interval=300)
val_cfg = dict(type='TeacherStudentValLoop')
default_hooks = dict(checkpoint=dict(interval=300))
auto_scale_lr = dict(enable=False, base_batch_size=8)
randomness = dict(seed=0)
