# CamVid 9-2 at half resolution, by sequence: step 0 on 0016E5 and 0001TP, step 1
# (tree, car) on 0006R0. Labels of images and lists:
# python tools/dataset_converters/class_counts.py \
#     configs/_base_/datasets/camvid.py data/camvid/class_counts.json
# cat data/camvid/splits/sequences/0016E5.txt \
#     data/camvid/splits/sequences/0001TP.txt \
#     > data/camvid/splits/sequences/step0.txt
_base_ = ['./camvid-180x240.py']
step = 0
task = dict(
    name='camvid_9-2',
    base=[
        'sky', 'building', 'pole', 'road', 'pavement', 'sign', 'fence',
        'pedestrian', 'bicyclist'
    ],
    increments=[['tree', 'car']])
data_root = 'data/camvid'
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(
        type='SegRandomResizedCrop',
        scale=(240, 180),
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
            image_labels='class_counts.json',
            dataset=dict(
                type='CamVidDataset',
                data_root=data_root,
                data_prefix=dict(
                    img_path='images/train', seg_map_path='annotations/train'),
                ann_file='splits/sequences/step0.txt'),
            pipeline=train_pipeline)))
val_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='ClassIncrementalDataset',
        task=task,
        step=step,
        evaluate=True,
        dataset=dict(
            type='CamVidDataset',
            data_root=data_root,
            data_prefix=dict(
                img_path='images/val', seg_map_path='annotations/val')),
        pipeline={{_base_.test_pipeline}}))
test_dataloader = val_dataloader
val_evaluator = dict(
    _delete_=True, type='IncrementalIoUMetric', iou_metrics=['mIoU'])
test_evaluator = val_evaluator
