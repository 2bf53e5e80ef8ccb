# ImageNet with labels of explanations; make these with
# python tools/explain_dataset.py \
#     configs/pssl/pssl_pretrain_pspnet_r50-d8_133k_imagenet-256x256.py \
#     data/pssl_imagenet
# For the set of the authors name ann_file='pssl2.1_consensus/train.txt',
# synset_file='pssl2.1_consensus/imagenet_lsvrc_2015_synsets.txt' and
# data_prefix=dict(img_path='imagenet', seg_map_path='pssl2.1_consensus').
_base_ = ['../explanations/smoothgrad_imagenet.py']
num_classes = 1001
# 255 is a class here
ignore_index = 1001
crop_size = (256, 256)
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadPSSLAnnotations'),
    # the shorter side
    dict(
        type='RandomResize',
        scale=(4096, 256),
        ratio_range=(0.5, 2.0),
        keep_ratio=True),
    dict(type='RandomCrop', crop_size=crop_size, ignore_index=ignore_index),
    dict(type='RandomFlip', prob=0.5),
    # each by itself; 18 of 255 levels of hue
    dict(type='RandomColorJitter', brightness=0.2, prob=0.5),
    dict(type='RandomColorJitter', contrast=0.2, prob=0.5),
    dict(type='RandomColorJitter', saturation=0.2, prob=0.5),
    dict(type='RandomColorJitter', hue=18 / 255, prob=0.5),
    dict(type='PackSegInputs'),
]
train_dataloader = dict(
    batch_size=12,
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type='MultiSourceSampler', shuffle=True),
    dataset=dict(
        type='SeededDataset',
        dataset=dict(
            type='PSSLDataset',
            data_root='data',
            ann_file='pssl_imagenet/images.jsonl',
            data_prefix=dict(
                img_path='imagenet/train',
                seg_map_path='pssl_imagenet/deciles'),
            pipeline=train_pipeline)))
# explanations are no truth to validate on
val_dataloader = None
val_evaluator = None
val_cfg = None
test_dataloader = None
test_evaluator = None
