# CamVid by day and at dusk without labels, to learn to translate at half
# resolution on crops of 96x96
_base_ = ['./camvid_day_to_dusk_unpaired-256x256.py']
pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(240, 180)),
    dict(type='RandomCrop', crop_size=(96, 96)),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackBranchInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(240, 180)),
    dict(type='LoadAnnotations'),
    dict(type='PackSegInputs'),
]
train_dataloader = dict(
    batch_size=4,
    sampler=dict(source_sizes=dict(source=2, target=2)),
    dataset=dict(
        source=dict(pipeline=pipeline), target=dict(pipeline=pipeline)))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
