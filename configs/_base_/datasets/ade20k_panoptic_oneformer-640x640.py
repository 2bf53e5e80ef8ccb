# ADE20K with panoptic labels
# labels by tools/dataset_converters/ade20k_panoptic.py
dataset_type = 'ADE20KPanopticDataset'
data_root = 'data/ADEChallengeData2016/'
image_size = (640, 640)
train_pipeline = [
    dict(type='LoadImageFromFile', to_float32=True),
    dict(type='LoadPanopticSegments', dataset=dataset_type),
    dict(
        type='RandomChoiceResize',
        scales=[(2560, 640 * ratio // 10) for ratio in range(5, 21)],
        keep_ratio=True),
    dict(
        type='RandomCrop',
        crop_size=image_size,
        crop_type='absolute',
        recompute_bbox=True,
        allow_negative_crop=True),
    dict(type='PhotoMetricDistortion'),
    dict(type='RandomFlip', prob=0.5),
    # queries of the model less its context vectors
    dict(type='SampleSegmentationTask', dataset=dataset_type, num_texts=134),
    dict(
        type='PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape',
                   'scale_factor', 'flip', 'flip_direction', 'task', 'texts'))
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(2560, 640), keep_ratio=True),
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
            ann_file='ade20k_panoptic_train.json',
            data_prefix=dict(
                img='images/training/', seg='ade20k_panoptic_train/'),
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
        ann_file='ade20k_panoptic_val.json',
        data_prefix=dict(img='images/validation/', seg='ade20k_panoptic_val/'),
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = [
    dict(
        type='CocoPanopticMetric',
        _scope_='mmdet',
        ann_file=data_root + 'ade20k_panoptic_val.json',
        seg_prefix=data_root + 'ade20k_panoptic_val/'),
    dict(
        type='CocoMetric',
        _scope_='mmdet',
        metric='segm',
        ann_file=data_root + 'ade20k_panoptic_instances_val.json'),
    dict(type='SemSegMetric', _scope_='mmdet', iou_metrics=['mIoU'])
]
test_evaluator = val_evaluator
