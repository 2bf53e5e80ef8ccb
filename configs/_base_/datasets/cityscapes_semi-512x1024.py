# Cityscapes with 1/8 of the labels (371 images), crops of 512x1024 at full
# scale as in ELN (arXiv 2204.02078). The lists are published ones or are made
# with
# python tools/dataset_converters/make_label_splits.py \
#     mmseg::_base_/datasets/cityscapes.py data/cityscapes/splits \
#     --sizes 1/8=371
_base_ = ['mmseg::_base_/datasets/cityscapes.py', './unlabeled_views.py']
labeled_list = 'splits/1_8/labeled_seed0.txt'
unlabeled_list = 'splits/1_8/unlabeled_seed0.txt'
data_root = 'data/cityscapes'
crop_size = (512, 1024)
labeled_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='AddValidMask'),
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackBranchInputs'),
]
unlabeled_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='AddValidMask'),
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5),
    {{_base_.unlabeled_views}},
]
train_dataloader = dict(
    batch_size=8,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(
        _delete_=True,
        type='MultiSourceSampler',
        source_sizes=dict(labeled=4, unlabeled=4)),
    dataset=dict(
        _delete_=True,
        type='MultiSourceDataset',
        labeled=dict(
            type='SplitListCityscapesDataset',
            data_root=data_root,
            data_prefix=dict(
                img_path='leftImg8bit/train', seg_map_path='gtFine/train'),
            ann_file=labeled_list,
            pipeline=labeled_pipeline),
        unlabeled=dict(
            type='UnlabeledImageDataset',
            data_root=data_root,
            data_prefix=dict(img_path='leftImg8bit/train'),
            img_suffix='_leftImg8bit.png',
            ann_file=unlabeled_list,
            pipeline=unlabeled_pipeline)))
# The original size, 1024x2048.
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='PackSegInputs'),
]
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
