# Pascal VOC 2012 with the labels of SBD (trainaug, 10582 images), of which the
# list holds 1/8, squeezed to 505x505 as in ELN (arXiv 2204.02078). The lists
# are published ones or are made with
# python tools/dataset_converters/make_label_splits.py \
#     mmseg::_base_/datasets/pascal_voc12_aug.py \
#     data/VOCdevkit/VOC2012/splits --sizes 1/8=1322 \
#     --pairs data/VOCdevkit/VOC2012
_base_ = ['mmseg::_base_/datasets/pascal_voc12_aug.py', './unlabeled_views.py']
labeled_list = 'splits/1_8/labeled_seed0.txt'
unlabeled_list = 'splits/1_8/unlabeled_seed0.txt'
data_root = 'data/VOCdevkit/VOC2012'
labeled_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='AddValidMask'),
    dict(type='Resize', scale=(505, 505)),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackBranchInputs'),
]
unlabeled_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='AddValidMask'),
    dict(type='Resize', scale=(505, 505)),
    dict(type='RandomFlip', prob=0.5),
    {{_base_.unlabeled_views}},
]
train_dataloader = dict(
    batch_size=12,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(
        _delete_=True,
        type='MultiSourceSampler',
        source_sizes=dict(labeled=6, unlabeled=6)),
    dataset=dict(
        _delete_=True,
        type='MultiSourceDataset',
        labeled=dict(
            type='SplitListPascalVOCDataset',
            data_root=data_root,
            data_prefix=dict(
                img_path='JPEGImages', seg_map_path='SegmentationClassAug'),
            ann_file=labeled_list,
            pipeline=labeled_pipeline),
        unlabeled=dict(
            type='UnlabeledImageDataset',
            data_root=data_root,
            data_prefix=dict(img_path='JPEGImages'),
            ann_file=unlabeled_list,
            pipeline=unlabeled_pipeline)))
# The original size: the stock pipeline resizes to a short side of 512.
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='PackSegInputs'),
]
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
