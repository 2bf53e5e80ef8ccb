# ToyStreet by day, 6 old classes and 3 new ones. The images of step 1 show no
# pole, an old class, which the memory bank alone brings back. Labels of images:
# python tools/dataset_converters/class_counts.py \
#     configs/_base_/datasets/toystreet.py data/incremental_toystreet/class_counts.json
_base_ = ['./toystreet.py']
step = 0
task = dict(
    name='toystreet_6-3',
    base=['sky', 'building', 'road', 'pavement', 'car', 'pole'],
    increments=[['tree', 'pedestrian', 'sign']])
data_root = 'data/toystreet/day'
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(
        type='SegRandomResizedCrop',
        scale=(128, 96),
        area_range=(0.5, 1.0),
        aspect_range=(1.0, 16 / 9)),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PhotoMetricDistortion'),
    dict(type='PackSegInputs'),
]
train_dataloader = dict(
    dataset=dict(
        dataset=dict(
            _delete_=True,
            type='ClassIncrementalDataset',
            task=task,
            step=step,
            image_labels='data/incremental_toystreet/class_counts.json',
            dataset=dict(
                type='ToyStreetDataset',
                data_root=data_root,
                data_prefix=dict(
                    img_path='images/train',
                    seg_map_path='annotations/train')),
            pipeline=train_pipeline)))
val_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='ClassIncrementalDataset',
        task=task,
        step=step,
        evaluate=True,
        dataset=dict(
            type='ToyStreetDataset',
            data_root=data_root,
            data_prefix=dict(
                img_path='images/val', seg_map_path='annotations/val')),
        pipeline={{_base_.test_pipeline}}))
test_dataloader = val_dataloader
val_evaluator = dict(
    _delete_=True, type='IncrementalIoUMetric', iou_metrics=['mIoU'])
test_evaluator = val_evaluator
