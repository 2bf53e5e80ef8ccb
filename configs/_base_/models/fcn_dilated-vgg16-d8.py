# the dilated VGG-16 front-end of FCNs in the Wild; decode_head.feature is fc7
# behind its dropout
data_preprocessor = dict(
    type='SegDataPreProcessor',
    # B, G, R of the caffe model
    mean=[103.939, 116.779, 123.68],
    std=[1., 1., 1.],
    bgr_to_rgb=False,
    pad_val=0,
    seg_pad_val=255,
    # pad to the largest image of the batch
    size_divisor=1)
model = dict(
    type='EncoderDecoder',
    data_preprocessor=data_preprocessor,
    # caffe weights, fc6 and fc7 with them
    pretrained='https://web.eecs.umich.edu/~justincj/models/'
    'vgg16-00b39a1b.pth',
    backbone=dict(
        type='DilatedVGG',
        depth=16,
        fc_channels=4096,
        fc_kernel_sizes=(7, 1),
        fc_dilations=(4, 1),
        dropout_ratio=0.5),
    decode_head=dict(
        type='FCNHead',
        in_channels=4096,
        in_index=0,
        channels=4096,
        # the classifier alone; kernel_size is of convolutions that are not
        # there but are built first
        num_convs=0,
        kernel_size=1,
        concat_input=False,
        dropout_ratio=0.,
        num_classes=19,
        align_corners=False,
        # without avg_non_ignore the sum is divided by void pixels too
        loss_decode=dict(
            type='CrossEntropyLoss', loss_weight=1.0, avg_non_ignore=True)),
    auxiliary_head=None,
    train_cfg=dict(),
    test_cfg=dict(mode='whole'))
