# DeepLab-v2 as AdaptSegNet and ADVENT have it, with both levels; a method of
# one level sets auxiliary_head=None
data_preprocessor = dict(
    type='SegDataPreProcessor',
    # B, G, R of caffe models
    mean=[104.00698793, 116.66876762, 122.67891434],
    std=[1., 1., 1.],
    bgr_to_rgb=False,
    pad_val=0,
    seg_pad_val=255,
    # pad to the largest image of the batch
    size_divisor=1)
model = dict(
    type='EncoderDecoder',
    data_preprocessor=data_preprocessor,
    # ImageNet, as the paper says. The official code starts from the weights
    # of http://vllab.ucmerced.edu/ytsai/CVPR18/
    # DeepLab_resnet_pretrained_init-f81d91e8.pth instead (ImageNet and COCO):
    # pretrained=None and backbone.init_cfg=dict(
    #     type='Pretrained', checkpoint=..., prefix='Scale')
    pretrained='open-mmlab://detectron2/resnet101_caffe',
    backbone=dict(
        type='DeepLabV2ResNet',
        depth=101,
        num_stages=4,
        out_indices=(0, 1, 2, 3),
        dilations=(1, 1, 2, 4),
        strides=(1, 2, 1, 1),
        # batch statistics are used, scale and shift stay as they are
        norm_cfg=dict(type='BN', requires_grad=False),
        norm_eval=False,
        style='caffe',
        contract_dilation=False),
    decode_head=dict(
        type='DeepLabV2Head',
        in_channels=2048,
        in_index=3,
        dilations=(6, 12, 18, 24),
        num_classes=19,
        align_corners=True,
        # without avg_non_ignore the sum is divided by void pixels too
        loss_decode=dict(
            type='CrossEntropyLoss', loss_weight=1.0, avg_non_ignore=True)),
    auxiliary_head=dict(
        type='DeepLabV2Head',
        in_channels=1024,
        in_index=2,
        dilations=(6, 12, 18, 24),
        num_classes=19,
        align_corners=True,
        loss_decode=dict(
            type='CrossEntropyLoss', loss_weight=0.1, avg_non_ignore=True)),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'))
