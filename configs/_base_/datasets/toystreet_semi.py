# ToyStreet by day with 1/16 of the labels (16 images); render it with
# python tools/dataset_converters/toystreet.py data/toystreet
_base_ = ['./toystreet.py', './unlabeled_views.py']
labeled_list = 'splits/1_16/labeled_seed0.txt'
unlabeled_list = 'splits/1_16/unlabeled_seed0.txt'
data_root = 'data/toystreet/day'
labeled_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='AddValidMask'),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackBranchInputs'),
]
unlabeled_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='AddValidMask'),
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
