# 100 images of COCO, to learn by heart: training and validation are the same
# images; for their instances:
# python tools/dataset_converters/panoptic2instance.py \
#     data/coco100/annotations/panoptic_train2017.json \
#     data/coco100/annotations/panoptic_train2017 \
#     data/coco100_panoptic_instances.json
dataset_type = 'CocoPanopticDataset'
data_root = 'data/coco100/'
image_size = (160, 160)
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadPanopticSegments', dataset=dataset_type),
    dict(type='Resize', scale=image_size, keep_ratio=True),
    dict(type='RandomFlip', prob=0.5),
    dict(type='SampleSegmentationTask', dataset=dataset_type, num_texts=56),
    dict(
        type='PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape',
                   'scale_factor', 'flip', 'flip_direction', 'task', 'texts'))
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=image_size, keep_ratio=True),
    dict(type='LoadPanopticAnnotations'),
    dict(
        type='PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape',
                   'scale_factor'))
]
dataset = dict(
    type=dataset_type,
    _scope_='mmdet',
    data_root=data_root,
    ann_file='annotations/panoptic_train2017.json',
    data_prefix=dict(
        img='images/train2017/', seg='annotations/panoptic_train2017/'))
train_dataloader = dict(
    batch_size=4,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='mmseg.MultiSourceSampler', shuffle=True),
    dataset=dict(
        type='mmseg.SeededDataset',
        _scope_='mmdet',
        dataset=dict(
            filter_cfg=dict(filter_empty_gt=False),
            pipeline=train_pipeline,
            **dataset)))
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(test_mode=True, pipeline=test_pipeline, **dataset))
test_dataloader = val_dataloader
val_evaluator = [
    dict(
        type='CocoPanopticMetric',
        _scope_='mmdet',
        ann_file=data_root + 'annotations/panoptic_train2017.json',
        seg_prefix=data_root + 'annotations/panoptic_train2017/'),
    dict(
        type='CocoMetric',
        _scope_='mmdet',
        metric='segm',
        ann_file='data/coco100_panoptic_instances.json'),
    dict(type='SemSegMetric', _scope_='mmdet', iou_metrics=['mIoU'])
]
test_evaluator = val_evaluator
