"""A small OneFormer for the tests."""
from mmengine.config import ConfigDict
from mmengine.registry import init_default_scope


def model_config(num_things=3,
                 num_stuff=4,
                 width=64,
                 num_queries=10,
                 num_ctx=3,
                 num_points=64,
                 decoder_layers=3,
                 thing_classes=None,
                 backbone=None,
                 in_channels=(16, 32, 64, 128)):
    """Config of a model, by default with a tiny Swin."""
    num_classes = num_things + num_stuff
    attention = dict(embed_dims=width, num_heads=2, dropout=0.)
    return ConfigDict(
        type='OneFormer',
        data_preprocessor=dict(
            type='DetDataPreprocessor',
            mean=[0., 0., 0.],
            std=[1., 1., 1.],
            pad_mask=True,
            pad_size_divisor=32),
        backbone=backbone or dict(
            type='SwinTransformer',
            embed_dims=16,
            depths=(2, 2, 2, 2),
            num_heads=(1, 2, 4, 8),
            window_size=4,
            drop_path_rate=0.),
        panoptic_head=dict(
            type='OneFormerHead',
            in_channels=list(in_channels),
            feat_channels=width,
            out_channels=width,
            num_things_classes=num_things,
            num_stuff_classes=num_stuff,
            num_queries=num_queries,
            pixel_decoder=dict(
                type='MSDeformAttnPixelDecoder',
                num_outs=3,
                norm_cfg=dict(type='GN', num_groups=32),
                encoder=dict(
                    num_layers=2,
                    layer_cfg=dict(
                        self_attn_cfg=dict(
                            embed_dims=width,
                            num_heads=2,
                            num_levels=3,
                            num_points=4,
                            dropout=0.),
                        ffn_cfg=dict(
                            embed_dims=width,
                            feedforward_channels=2 * width,
                            ffn_drop=0.))),
                positional_encoding=dict(num_feats=width // 2,
                                         normalize=True)),
            positional_encoding=dict(num_feats=width // 2, normalize=True),
            transformer_decoder=dict(
                num_layers=decoder_layers,
                layer_cfg=dict(
                    self_attn_cfg=attention,
                    cross_attn_cfg=dict(attention),
                    ffn_cfg=dict(
                        embed_dims=width,
                        feedforward_channels=2 * width,
                        ffn_drop=0.))),
            text_mapper=dict(width=width, num_layers=2, num_ctx=num_ctx),
            query_transformer=dict(num_layers=2, dropout=0.),
            loss_cls=dict(
                type='CrossEntropyLoss',
                loss_weight=2.,
                class_weight=[1.] * num_classes + [0.1])),
        panoptic_fusion_head=dict(
            type='OneFormerFusionHead',
            num_things_classes=num_things,
            num_stuff_classes=num_stuff,
            thing_classes=thing_classes),
        train_cfg=dict(
            num_points=num_points,
            assigner=dict(
                type='HungarianAssigner',
                match_costs=[
                    dict(type='ClassificationCost', weight=2.),
                    dict(
                        type='CrossEntropyLossCost',
                        weight=5.,
                        use_sigmoid=True),
                    dict(type='DiceCost', weight=5., pred_act=True, eps=1.)
                ]),
            sampler=dict(type='MaskPseudoSampler')),
        test_cfg=dict(object_mask_thr=0.8, iou_thr=0.8))


def build_model(**kwargs):
    """Build it with random weights, everywhere other than zero."""
    import torch
    from mmdet.registry import MODELS
    init_default_scope('mmdet')
    model = MODELS.build(model_config(**kwargs))
    model.init_weights()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 1:
                parameter.add_(0.1 * torch.randn_like(parameter))
    return model
