# ToyStreet from day, with labels, to dusk, without; scored at dusk. Render it
# with
# python tools/dataset_converters/toystreet.py data/toystreet
_base_ = ['./toystreet.py']
source_root = 'data/toystreet/day'
target_root = 'data/toystreet/dusk'
source_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='AddValidMask'),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackBranchInputs'),
]
target_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='AddValidMask'),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackBranchInputs'),
]
train_dataloader = dict(
    batch_size=8,
    sampler=dict(source_sizes=dict(source=4, target=4)),
    dataset=dict(
        _delete_=True,
        type='MultiSourceDataset',
        source=dict(
            type='ToyStreetDataset',
            data_root=source_root,
            data_prefix=dict(
                img_path='images/train', seg_map_path='annotations/train'),
            pipeline=source_pipeline),
        target=dict(
            type='UnlabeledImageDataset',
            data_root=target_root,
            data_prefix=dict(img_path='images/train'),
            pipeline=target_pipeline)))
# The same images by day: what adaptation costs the source.
source_val_dataloader = _base_.val_dataloader
val_dataloader = dict(dataset=dict(data_root=target_root))
test_dataloader = val_dataloader
