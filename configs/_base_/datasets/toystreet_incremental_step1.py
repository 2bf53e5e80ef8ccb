# What step 1 of ToyStreet 6-3 may see: images without a pole, labels of images,
# and masks that tools/cosegment.py has made of these.
_base_ = ['./toystreet_incremental.py']
step = 1
pseudo_masks = 'data/incremental_toystreet/masks'
memory_bank = 'data/incremental_toystreet/bank'
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadPseudoMask'),
    dict(
        type='SegRandomResizedCrop',
        scale=(128, 96),
        area_range=(0.5, 1.0),
        aspect_range=(1.0, 16 / 9)),
    dict(type='RandomFlip', prob=0.5),
    dict(type='MemoryCopyPaste', bank=memory_bank, prob=0.5),
    dict(type='PhotoMetricDistortion'),
    dict(type='PackIncrementalInputs'),
]
train_dataloader = dict(
    dataset=dict(
        dataset=dict(
            step=step,
            without=['pole'],
            pseudo_masks=pseudo_masks,
            pipeline=train_pipeline)))
val_dataloader = dict(dataset=dict(step=step))
test_dataloader = val_dataloader
