# COCO with panoptic labels and large scale jittering
# instances of the validation images: see tools/dataset_converters/
# panoptic2instance.py
dataset_type = 'CocoPanopticDataset'
data_root = 'data/coco/'
image_size = (1024, 1024)
train_pipeline = [
    dict(type='LoadImageFromFile', to_float32=True),
    dict(type='LoadPanopticSegments', dataset=dataset_type),
    dict(type='RandomFlip', prob=0.5),
    dict(
        type='RandomResize',
        scale=image_size,
        ratio_range=(0.1, 2.0),
        keep_ratio=True),
    dict(
        type='RandomCrop',
        crop_size=image_size,
        crop_type='absolute',
        recompute_bbox=True,
        allow_negative_crop=True),
    # queries of the model less its context vectors
    dict(type='SampleSegmentationTask', dataset=dataset_type, num_texts=134),
    dict(
        type='PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape',
                   'scale_factor', 'flip', 'flip_direction', 'task', 'texts'))
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(1333, 800), keep_ratio=True),
    dict(type='LoadPanopticAnnotations'),
    dict(
        type='PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape',
                   'scale_factor'))
]
train_dataloader = dict(
    batch_size=2,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='mmseg.MultiSourceSampler', shuffle=True),
    dataset=dict(
        type='mmseg.SeededDataset',
        _scope_='mmdet',
        dataset=dict(
            type=dataset_type,
            data_root=data_root,
            ann_file='annotations/panoptic_train2017.json',
            data_prefix=dict(
                img='train2017/', seg='annotations/panoptic_train2017/'),
            # images of stuff alone are training images too
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
        data_root=data_root,
        ann_file='annotations/panoptic_val2017.json',
        data_prefix=dict(img='val2017/', seg='annotations/panoptic_val2017/'),
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = [
    dict(
        type='CocoPanopticMetric',
        _scope_='mmdet',
        ann_file=data_root + 'annotations/panoptic_val2017.json',
        seg_prefix=data_root + 'annotations/panoptic_val2017/'),
    dict(
        type='CocoMetric',
        _scope_='mmdet',
        metric='segm',
        ann_file=data_root + 'annotations/panoptic_instances_val2017.json'),
    dict(type='SemSegMetric', _scope_='mmdet', iou_metrics=['mIoU'])
]
test_evaluator = val_evaluator
