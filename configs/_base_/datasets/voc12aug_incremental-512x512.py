# Pascal VOC 2012 with the labels of SBD, step by step; trainaug.txt is written
# by MMSegmentation's tools/dataset_converters/voc_aug.py, which leaves the labels
# that SBD lacks in SegmentationClass: copy them to SegmentationClassAug
# (cp -n). Labels of images:
# python tools/dataset_converters/class_counts.py \
#     configs/_base_/datasets/voc12aug_incremental-512x512.py \
#     data/VOCdevkit/VOC2012/class_counts.json \
#     --key train_dataloader.dataset.dataset.dataset
_base_ = ['mmseg::_base_/datasets/pascal_voc12_aug.py']
data_root = 'data/VOCdevkit/VOC2012'
task = 'voc_15-5'
setting = 'overlap'
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='SegRandomResizedCrop', scale=512),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackSegInputs'),
]
train_dataloader = dict(
    batch_size=24,
    sampler=dict(_delete_=True, type='MultiSourceSampler', shuffle=True),
    dataset=dict(
        _delete_=True,
        type='SeededDataset',
        dataset=dict(
            type='ClassIncrementalDataset',
            task=task,
            setting=setting,
            step=0,
            image_labels='class_counts.json',
            void_as_background=True,
            dataset=dict(
                type='PascalVOCDataset',
                data_root=data_root,
                data_prefix=dict(
                    img_path='JPEGImages',
                    seg_map_path='SegmentationClassAug'),
                ann_file='ImageSets/Segmentation/trainaug.txt',
                # read by class_counts.py alone
                pipeline=[
                    dict(type='LoadImageFromFile'),
                    dict(type='LoadAnnotations')
                ]),
            pipeline=train_pipeline)))
val_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='ClassIncrementalDataset',
        task=task,
        step=0,
        evaluate=True,
        dataset=dict(
            type='PascalVOCDataset',
            data_root=data_root,
            data_prefix=dict(
                img_path='JPEGImages', seg_map_path='SegmentationClass'),
            ann_file='ImageSets/Segmentation/val.txt'),
        pipeline={{_base_.test_pipeline}}))
test_dataloader = val_dataloader
val_evaluator = dict(
    _delete_=True, type='IncrementalIoUMetric', iou_metrics=['mIoU'])
test_evaluator = val_evaluator
