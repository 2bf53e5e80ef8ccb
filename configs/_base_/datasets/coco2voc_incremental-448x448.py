# COCO-to-VOC: step 0 has the 60 things of COCO that VOC lacks, step 1 the 20
# classes of VOC in COCO's order, on images of VOC. Labels of images:
# python tools/dataset_converters/class_counts.py \
#     configs/_base_/datasets/coco2voc_incremental-448x448.py \
#     data/coco_stuff164k/class_counts.json \
#     --key train_dataloader.dataset.dataset.dataset
# and those of VOC as voc12aug_incremental-512x512.py tells.
_base_ = ['mmseg::_base_/datasets/coco-stuff164k.py']
data_root = 'data/coco_stuff164k'
task = 'coco_to_voc'
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='SegRandomResizedCrop', scale=448),
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
            # no image that shows a class of VOC
            setting='disjoint',
            step=0,
            image_labels='class_counts.json',
            void_as_background=True,
            dataset=dict(
                type='COCOStuffDataset',
                data_root=data_root,
                data_prefix=dict(
                    img_path='images/train2017',
                    seg_map_path='annotations/train2017'),
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
            type='COCOStuffDataset',
            data_root=data_root,
            data_prefix=dict(
                img_path='images/val2017',
                seg_map_path='annotations/val2017')),
        pipeline={{_base_.test_pipeline}}))
test_dataloader = val_dataloader
val_evaluator = dict(
    _delete_=True, type='IncrementalIoUMetric', iou_metrics=['mIoU'])
test_evaluator = val_evaluator
