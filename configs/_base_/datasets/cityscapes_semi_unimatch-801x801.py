# Cityscapes with 1/8 of the labels (372 images), in crops of 801x801 as in
# UniMatch (arXiv 2208.09910). The lists are published ones or are made with
# python tools/dataset_converters/make_label_splits.py \
#     mmseg::_base_/datasets/cityscapes.py data/cityscapes/splits/unimatch \
#     --sizes 1/16=186 1/8=372 1/4=744 1/2=1488
_base_ = ['./cityscapes_semi-512x1024.py', './unimatch_views.py']
labeled_list = 'splits/unimatch/1_8/labeled_seed0.txt'
unlabeled_list = 'splits/unimatch/1_8/unlabeled_seed0.txt'
crop_size = (801, 801)
labeled_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='AddValidMask'),
    dict(
        type='RandomResize',
        scale=(2048, 1024),
        ratio_range=(0.5, 2.0),
        keep_ratio=True),
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='PadSegFields', size=crop_size),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackBranchInputs'),
]
unlabeled_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='AddValidMask'),
    dict(
        type='RandomResize',
        scale=(2048, 1024),
        ratio_range=(0.5, 2.0),
        keep_ratio=True),
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='PadSegFields', size=crop_size),
    dict(type='RandomFlip', prob=0.5),
    {{_base_.unimatch_views}},
]
# of one of four GPUs
train_dataloader = dict(
    batch_size=4,
    sampler=dict(source_sizes=dict(labeled=2, unlabeled=2)),
    dataset=dict(
        labeled=dict(ann_file=labeled_list, pipeline=labeled_pipeline),
        unlabeled=dict(ann_file=unlabeled_list, pipeline=unlabeled_pipeline)))
