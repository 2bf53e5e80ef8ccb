# ToyStreet by day without labels, for denoising pre-training; render 3000
# images, none of them in data/toystreet, with
# python tools/dataset_converters/toystreet.py data/unlabeled_toystreet \
#     --num 3000 --num-val 1 --seed 7
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='AddValidMask'),
    dict(
        type='RandomResize',
        scale=(128, 96),
        ratio_range=(0.75, 1.5),
        keep_ratio=True),
    dict(type='RandomCrop', crop_size=(96, 128)),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackBranchInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    # the same noise in every validation
    dict(type='GaussianNoise', sigma=0.22, process='scaled', seed=0),
    dict(type='PackDenoisingInputs'),
]
train_dataloader = dict(
    batch_size=8,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='MultiSourceSampler', source_sizes=dict(unlabeled=8)),
    dataset=dict(
        type='MultiSourceDataset',
        unlabeled=dict(
            type='UnlabeledImageDataset',
            data_root='data/unlabeled_toystreet/day',
            data_prefix=dict(img_path='images/train'),
            pipeline=train_pipeline)))
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='UnlabeledImageDataset',
        data_root='data/toystreet/day',
        data_prefix=dict(img_path='images/val'),
        pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(type='DenoisingMetric')
test_evaluator = val_evaluator
