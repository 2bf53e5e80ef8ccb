# instance segmentation from random weights on a CPU; a config sets the length
_base_ = ['./detection_iteration_runtime.py']
optim_wrapper = dict(
    type='OptimWrapper',
    # one kernel for all parameters
    optimizer=dict(type='AdamW', lr=4e-4, weight_decay=1e-4, fused=True),
    clip_grad=dict(max_norm=10.))
auto_scale_lr = dict(enable=False, base_batch_size=2)
randomness = dict(seed=0)
