# CamVid at half resolution with 1/8 of the labels (46 images), crops of 120x160
# to train on, whole images to score; make the lists with
# python tools/dataset_converters/make_label_splits.py \
#     configs/_base_/datasets/camvid.py data/camvid/splits --sizes 1/8
_base_ = ['./camvid-180x240.py', './unlabeled_views_plain-mean.py']
labeled_list = 'splits/1_8/labeled_seed0.txt'
unlabeled_list = 'splits/1_8/unlabeled_seed0.txt'
data_root = 'data/camvid'
labeled_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='AddValidMask'),
    dict(
        type='RandomResize',
        scale=(240, 180),
        ratio_range=(0.75, 1.5),
        keep_ratio=True),
    dict(type='RandomCrop', crop_size=(120, 160), cat_max_ratio=0.9),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PhotoMetricDistortion'),
    dict(type='PackBranchInputs'),
]
unlabeled_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='AddValidMask'),
    dict(
        type='RandomResize',
        scale=(240, 180),
        ratio_range=(0.75, 1.5),
        keep_ratio=True),
    dict(type='RandomCrop', crop_size=(120, 160)),
    dict(type='RandomFlip', prob=0.5),
    {{_base_.unlabeled_views}},
]
train_dataloader = dict(
    batch_size=8,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(
        type='MultiSourceSampler', source_sizes=dict(labeled=4, unlabeled=4)),
    dataset=dict(
        _delete_=True,
        type='MultiSourceDataset',
        labeled=dict(
            type='CamVidDataset',
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
