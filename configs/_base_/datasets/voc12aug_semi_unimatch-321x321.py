# Pascal VOC 2012 with the labels of SBD (trainaug, 10582 images), of which the
# list holds 1/8, in crops of 321x321: the blended set of UniMatch (arXiv
# 2208.09910). The lists are published ones or are made with
# python tools/dataset_converters/make_label_splits.py \
#     mmseg::_base_/datasets/pascal_voc12_aug.py \
#     data/VOCdevkit/VOC2012/splits/unimatch \
#     --sizes 1/16=662 1/8=1323 1/4=2646 --pairs data/VOCdevkit/VOC2012
# Published lists name all label maps below SegmentationClass, and mean a
# folder of that name with those of SBD in it.
_base_ = ['./voc12aug_semi-505x505.py', './unimatch_views.py']
labeled_list = 'splits/unimatch/1_8/labeled_seed0.txt'
unlabeled_list = 'splits/unimatch/1_8/unlabeled_seed0.txt'
crop_size = (321, 321)
# The long side of most images is 500.
labeled_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='AddValidMask'),
    dict(
        type='RandomResize',
        scale=(500, 500),
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
        scale=(500, 500),
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
