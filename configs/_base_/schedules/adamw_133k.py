# AdamW at a constant rate in float16, as the authors of ELN train
_base_ = ['./iteration_runtime.py']
optim_wrapper = dict(
    type='AmpOptimWrapper',
    loss_scale='dynamic',
    # one kernel for all parameters, with the scaler's factor in it
    optimizer=dict(type='AdamW', lr=1e-4, weight_decay=1e-5, fused=True))
param_scheduler = []
train_cfg = dict(max_iters=133000, val_interval=2660)
val_cfg = dict(type='TeacherStudentValLoop')
default_hooks = dict(checkpoint=dict(interval=2660, max_keep_ckpts=2))
# the images of a batch on one GPU: labelled and unlabelled ones
auto_scale_lr = dict(enable=False, base_batch_size=12)
