# pedestrians of Penn-Fudan as things, everything else as one stuff class; made
# by python tools/dataset_converters/pennfudan.py PennFudanPed data/pennfudan
dataset_type = 'CocoPanopticDataset'
data_root = 'data/pennfudan/'
metainfo = dict(
    classes=('person', 'background'),
    thing_classes=('person', ),
    stuff_classes=('background', ),
    palette=[(220, 20, 60), (70, 70, 70)])
class_table = dict(
    class_names=metainfo['classes'], thing_classes=metainfo['thing_classes'])
image_scale = (256, 192)
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadPanopticSegments', **class_table),
    dict(
        type='RandomResize',
        scale=image_scale,
        ratio_range=(0.75, 1.5),
        keep_ratio=True),
    dict(
        type='RandomCrop',
        crop_size=(192, 256),
        recompute_bbox=True,
        allow_negative_crop=True),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PhotoMetricDistortion'),
    # 36 queries of the model less 4 context vectors
    dict(type='SampleSegmentationTask', num_texts=32, **class_table),
    dict(
        type='PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape',
                   'scale_factor', 'flip', 'flip_direction', 'task', 'texts'))
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=image_scale, keep_ratio=True),
    dict(type='LoadPanopticAnnotations'),
    dict(
        type='PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape',
                   'scale_factor'))
]
train_dataloader = dict(
    batch_size=4,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='mmseg.MultiSourceSampler', shuffle=True),
    dataset=dict(
        type='mmseg.SeededDataset',
        _scope_='mmdet',
        dataset=dict(
            type=dataset_type,
            metainfo=metainfo,
            data_root=data_root,
            ann_file='annotations/panoptic_train.json',
            data_prefix=dict(img='images/', seg='annotations/panoptic_train/'),
            filter_cfg=dict(filter_empty_gt=False),
            pipeline=train_pipeline)))
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        _scope_='mmdet',
        metainfo=metainfo,
        data_root=data_root,
        ann_file='annotations/panoptic_val.json',
        data_prefix=dict(img='images/', seg='annotations/panoptic_val/'),
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = [
    dict(
        type='CocoPanopticMetric',
        _scope_='mmdet',
        ann_file=data_root + 'annotations/panoptic_val.json',
        seg_prefix=data_root + 'annotations/panoptic_val/'),
    dict(
        type='CocoMetric',
        _scope_='mmdet',
        metric='segm',
        ann_file=data_root + 'annotations/instances_val.json'),
    dict(type='SemSegMetric', _scope_='mmdet', iou_metrics=['mIoU'])
]
test_evaluator = val_evaluator
