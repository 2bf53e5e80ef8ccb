# table 4 of the paper: the first two stages of ELN; validation tells how well
# the filter finds the errors of the student in the images that have no labels
# for it, which are seen as in training
_base_ = ['./eln_r50-deeplabv3plus_133k_voc12aug-1_20-505x505.py']
model = dict(localize_errors=True)
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='Resize', scale=(505, 505)),
    dict(type='SetOriShape'),
    dict(type='PackSegInputs'),
]
val_dataloader = dict(
    batch_size=6,
    dataset=dict(
        type='SplitListPascalVOCDataset',
        data_prefix=dict(seg_map_path='SegmentationClassAug'),
        ann_file={{_base_.unlabeled_list}},
        pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(_delete_=True, type='ErrorLocalizationMetric')
test_evaluator = val_evaluator
train_cfg = dict(max_iters=31920, val_interval=31920)
