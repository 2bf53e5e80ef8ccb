# for training OneFormer from random weights on ToyStreet
_base_ = ['./detection_iteration_runtime.py']
no_decay = dict(decay_mult=0.0)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=5e-4, weight_decay=0.05, fused=True),
    constructor='mmseg.GroupedOptimWrapperConstructor',
    paramwise_cfg=dict(
        custom_keys={
            'query_embed': no_decay,
            'level_embed': no_decay,
            'token_embedding': no_decay,
            'text_mapper.context': no_decay,
        },
        norm_decay_mult=0.0),
    clip_grad=dict(max_norm=0.1, norm_type=2))
param_scheduler = [
    dict(type='PolyLR', eta_min=0., power=0.9, by_epoch=False, end=1800)
]
train_cfg = dict(max_iters=1800, val_interval=600)
default_hooks = dict(checkpoint=dict(interval=600))
auto_scale_lr = dict(enable=False, base_batch_size=4)
randomness = dict(seed=0)
