# the head behind EncoderDecoder of MMSegmentation, on plain label maps
_base_ = [
    '../_base_/datasets/toystreet.py',
    '../_base_/schedules/adamw_toystreet.py', '../_base_/default_runtime.py'
]
attention = dict(embed_dims=64, num_heads=4, dropout=0.0)
class_names = ('sky', 'building', 'road', 'pavement', 'tree', 'car',
               'pedestrian', 'sign', 'pole')
model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        pad_val=0,
        seg_pad_val=255,
        size=(96, 128),
        test_cfg=dict(size_divisor=32)),
    backbone=dict(
        type='ResNet',
        depth=18,
        base_channels=16,
        num_stages=4,
        out_indices=(0, 1, 2, 3),
        norm_cfg=dict(type='GN', num_groups=8),
        norm_eval=False,
        style='pytorch'),
    decode_head=dict(
        type='OneFormerHead',
        num_classes=9,
        class_names=class_names,
        in_channels=[16, 32, 64, 128],
        strides=[4, 8, 16, 32],
        feat_channels=64,
        out_channels=64,
        num_queries=24,
        query_transformer=dict(num_layers=2, dropout=0.0),
        text_mapper=dict(width=64, num_layers=2, num_ctx=4),
        pixel_decoder=dict(
            type='mmdet.MSDeformAttnPixelDecoder',
            num_outs=3,
            norm_cfg=dict(type='GN', num_groups=8),
            encoder=dict(
                num_layers=2,
                layer_cfg=dict(
                    self_attn_cfg=dict(
                        embed_dims=64,
                        num_heads=4,
                        num_levels=3,
                        num_points=4,
                        dropout=0.0),
                    ffn_cfg=dict(
                        embed_dims=64, feedforward_channels=128,
                        ffn_drop=0.0))),
            positional_encoding=dict(num_feats=32, normalize=True)),
        positional_encoding=dict(num_feats=32, normalize=True),
        transformer_decoder=dict(
            num_layers=3,
            layer_cfg=dict(
                self_attn_cfg=attention,
                cross_attn_cfg=attention,
                ffn_cfg=dict(
                    embed_dims=64, feedforward_channels=256, ffn_drop=0.0))),
        loss_cls=dict(
            type='mmdet.CrossEntropyLoss',
            use_sigmoid=False,
            loss_weight=2.0,
            class_weight=[1.0] * 9 + [0.1]),
        loss_mask=dict(
            type='mmdet.CrossEntropyLoss', use_sigmoid=True, loss_weight=5.0),
        loss_dice=dict(
            type='mmdet.DiceLoss',
            use_sigmoid=True,
            activate=True,
            naive_dice=True,
            eps=1.0,
            loss_weight=5.0),
        train_cfg=dict(
            num_points=1024,
            assigner=dict(
                type='mmdet.HungarianAssigner',
                match_costs=[
                    dict(type='mmdet.ClassificationCost', weight=2.0),
                    dict(
                        type='mmdet.CrossEntropyLossCost',
                        weight=5.0,
                        use_sigmoid=True),
                    dict(
                        type='mmdet.DiceCost',
                        weight=5.0,
                        pred_act=True,
                        eps=1.0)
                ]),
            sampler=dict(type='mmdet.MaskPseudoSampler'))),
    test_cfg=dict(mode='whole'))
optim_wrapper = dict(
    optimizer=dict(lr=5e-4, weight_decay=0.05),
    clip_grad=dict(max_norm=0.1, norm_type=2))
tta_model = dict(type='SegTTAModel')
expected = dict(metric='mIoU', value=None, tolerance=3., seed=0)
