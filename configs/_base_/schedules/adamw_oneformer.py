# OneFormer: AdamW, a tenth of the rate for the backbone, no decay for norms
# and embeddings. The authors train with --amp but for Swin-L on COCO; their
# code states the clipping and does not apply it
_base_ = ['./detection_iteration_runtime.py']
no_decay = dict(decay_mult=0.0)
backbone_no_decay = dict(lr_mult=0.1, decay_mult=0.0)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(
        type='AdamW', lr=1e-4, weight_decay=0.05, eps=1e-8,
        betas=(0.9, 0.999)),
    constructor='mmseg.GroupedOptimWrapperConstructor',
    paramwise_cfg=dict(
        custom_keys={
            'backbone': dict(lr_mult=0.1, decay_mult=1.0),
            # of Swin and ConvNeXt; the longest key that fits counts
            'backbone.norm': backbone_no_decay,
            'patch_embed.norm': backbone_no_decay,
            '.norm1.weight': backbone_no_decay,
            '.norm1.bias': backbone_no_decay,
            '.norm2.weight': backbone_no_decay,
            '.norm2.bias': backbone_no_decay,
            '.norm.weight': backbone_no_decay,
            '.norm.bias': backbone_no_decay,
            'downsample_layers.0.1': backbone_no_decay,
            'downsample_layers.1.0': backbone_no_decay,
            'downsample_layers.2.0': backbone_no_decay,
            'downsample_layers.3.0': backbone_no_decay,
            'relative_position_bias_table': backbone_no_decay,
            'absolute_pos_embed': backbone_no_decay,
            'query_embed': no_decay,
            'level_embed': no_decay,
            'token_embedding': no_decay,
            'text_mapper.context': no_decay,
        },
        norm_decay_mult=0.0),
    clip_grad=dict(max_norm=0.01, norm_type=2))
auto_scale_lr = dict(enable=False, base_batch_size=16)
