# ToyStreet by day with 1/32 of the labels (8 images); render it with
# python tools/dataset_converters/toystreet.py data/toystreet
_base_ = ['./toystreet.py', './unlabeled_views_plain-mean.py']
labeled_list = 'splits/1_32/labeled_seed0.txt'
unlabeled_list = 'splits/1_32/unlabeled_seed0.txt'
data_root = 'data/toystreet/day'
labeled_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='AddValidMask'),
    dict(
        type='RandomResize',
        scale=(128, 96),
        ratio_range=(0.75, 1.5),
        keep_ratio=True),
    dict(type='RandomCrop', crop_size=(96, 128), cat_max_ratio=0.9),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PhotoMetricDistortion'),
    dict(type='PackBranchInputs'),
]
unlabeled_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='AddValidMask'),
    dict(
        type='RandomResize',
        scale=(128, 96),
        ratio_range=(0.75, 1.5),
        keep_ratio=True),
    dict(type='RandomCrop', crop_size=(96, 128)),
    dict(type='RandomFlip', prob=0.5),
    {{_base_.unlabeled_views}},
]
train_dataloader = dict(
    batch_size=8,
    sampler=dict(source_sizes=dict(labeled=4, unlabeled=4)),
    dataset=dict(
        _delete_=True,
        type='MultiSourceDataset',
        labeled=dict(
            type='ToyStreetDataset',
            data_root=data_root,
            data_prefix=dict(
                img_path='images/train', seg_map_path='annotations/train'),
            ann_file=labeled_list,
            pipeline=labeled_pipeline),
        unlabeled=dict(
            type='UnlabeledImageDataset',
            data_root=data_root,
            data_prefix=dict(img_path='images/train'),
            ann_file=unlabeled_list,
            pipeline=unlabeled_pipeline)))
