# GTA5 to Cityscapes as in AdaptSegNet and ADVENT: whole images, source at
# 720x1280 and target at 512x1024 with the aspect not kept, no augmentation.
# The labels are those of tools/dataset_converters/gta.py data/gta
_base_ = ['mmseg::_base_/datasets/cityscapes.py']
source_root = 'data/gta'
target_root = 'data/cityscapes'
# The authors resize with Pillow, which smooths where it makes smaller.
source_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='AddValidMask'),
    dict(
        type='Resize',
        scale=(1280, 720),
        keep_ratio=False,
        interpolation='bicubic',
        backend='pillow'),
    dict(type='PackBranchInputs'),
]
target_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='AddValidMask'),
    dict(
        type='Resize',
        scale=(1024, 512),
        keep_ratio=False,
        interpolation='bicubic',
        backend='pillow'),
    dict(type='PackBranchInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='Resize',
        scale=(1024, 512),
        keep_ratio=False,
        interpolation='bicubic',
        backend='pillow'),
    # after Resize: predictions are scored at the original 1024x2048
    dict(type='LoadAnnotations'),
    dict(type='PackSegInputs'),
]
train_dataloader = dict(
    batch_size=2,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(
        _delete_=True,
        type='MultiSourceSampler',
        source_sizes=dict(source=1, target=1)),
    dataset=dict(
        _delete_=True,
        type='MultiSourceDataset',
        source=dict(
            type='GTADataset',
            data_root=source_root,
            data_prefix=dict(img_path='images', seg_map_path='labels'),
            pipeline=source_pipeline),
        target=dict(
            type='UnlabeledImageDataset',
            data_root=target_root,
            data_prefix=dict(img_path='leftImg8bit/train'),
            img_suffix='_leftImg8bit.png',
            pipeline=target_pipeline)))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
