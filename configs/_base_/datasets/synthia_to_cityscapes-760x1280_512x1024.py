# SYNTHIA to Cityscapes, sizes and augmentation (none) as in AdaptSegNet and
# ADVENT; 19 outputs, of which 16 and 13 are scored. The labels are those of
# tools/dataset_converters/synthia.py data/synthia
_base_ = ['./gta_to_cityscapes-720x1280_512x1024.py']
source_root = 'data/synthia'
classes_13 = [
    'road', 'sidewalk', 'building', 'traffic light', 'traffic sign',
    'vegetation', 'sky', 'person', 'rider', 'car', 'bus', 'motorcycle',
    'bicycle'
]
classes_16 = classes_13 + ['wall', 'fence', 'pole']
source_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='AddValidMask'),
    dict(
        type='Resize',
        scale=(1280, 760),
        keep_ratio=False,
        interpolation='bicubic',
        backend='pillow'),
    dict(type='PackBranchInputs'),
]
train_dataloader = dict(
    dataset=dict(
        source=dict(
            type='SYNTHIADataset',
            data_root=source_root,
            data_prefix=dict(img_path='RGB', seg_map_path='GT/LABELS'),
            pipeline=source_pipeline)))
val_evaluator = dict(
    type='SubsetIoUMetric', subsets=dict(mIoU16=classes_16, mIoU13=classes_13))
test_evaluator = val_evaluator
