# CamVid by day and at dusk without labels, to learn to translate; validated on
# frames by day
_base_ = ['./camvid_day_to_dusk.py']
pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomCrop', crop_size=(256, 256)),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackBranchInputs'),
]
train_dataloader = dict(
    dataset=dict(
        source=dict(
            _delete_=True,
            type='UnlabeledImageDataset',
            data_root={{_base_.data_root}},
            data_prefix=dict(img_path='images/train'),
            ann_file={{_base_.source_list}},
            pipeline=pipeline),
        target=dict(pipeline=pipeline)))
val_dataloader = dict(
    dataset=dict(
        data_prefix=dict(
            img_path='images/val', seg_map_path='annotations/val'),
        ann_file=''))
test_dataloader = val_dataloader
val_evaluator = dict(
    _delete_=True,
    type='ColorDistance',
    reference=dict(
        type='UnlabeledImageDataset',
        data_root={{_base_.data_root}},
        data_prefix=dict(img_path='images/train'),
        ann_file={{_base_.target_list}}))
test_evaluator = val_evaluator
