# object crops of ToyStreet with labels of explanations; make these with
# python tools/explain_dataset.py configs/pssl/pssl_pretrain_toystreet.py \
#     data/pssl_toystreet
_base_ = ['../explanations/smoothgrad_toystreet.py']
num_classes = 6
# 255 would be a class of ImageNet
ignore_index = 6
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadPSSLAnnotations'),
    dict(
        type='RandomResize',
        scale=(64, 64),
        ratio_range=(0.5, 2.0),
        keep_ratio=True),
    dict(type='RandomCrop', crop_size=(64, 64), ignore_index=ignore_index),
    dict(type='RandomFlip', prob=0.5),
    dict(
        type='RandomColorJitter',
        brightness=0.2,
        contrast=0.2,
        saturation=0.2,
        hue=0.05),
    dict(type='PackSegInputs'),
]
train_dataloader = dict(
    batch_size=16,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='MultiSourceSampler', shuffle=True),
    dataset=dict(
        type='SeededDataset',
        dataset=dict(
            type='PSSLDataset',
            data_root='data',
            ann_file='pssl_toystreet/images.jsonl',
            data_prefix=dict(
                img_path='toystreet_crops/train',
                seg_map_path='pssl_toystreet/deciles'),
            pipeline=train_pipeline)))
# explanations are no truth to validate on
val_dataloader = None
val_evaluator = None
val_cfg = None
test_dataloader = None
test_evaluator = None
