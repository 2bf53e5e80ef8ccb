# DeepLab-v2 on VGG-16 as AdaptSegNet has it
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
    # caffe weights; fc6 and fc7 have another shape and start at random
    pretrained='https://web.eecs.umich.edu/~justincj/models/'
    'vgg16-00b39a1b.pth',
    backbone=dict(
        type='DilatedVGG',
        depth=16,
        fc_channels=1024,
        fc_kernel_sizes=(3, 3),
        fc_dilations=(4, 4),
        dropout_ratio=0.),
    decode_head=dict(
        type='DeepLabV2Head',
        in_channels=1024,
        in_index=0,
        dilations=(6, 12, 18, 24),
        num_classes=19,
        align_corners=True,
        # without avg_non_ignore the sum is divided by void pixels too
        loss_decode=dict(
            type='CrossEntropyLoss', loss_weight=1.0, avg_non_ignore=True)),
    auxiliary_head=None,
    train_cfg=dict(),
    test_cfg=dict(mode='whole'))
