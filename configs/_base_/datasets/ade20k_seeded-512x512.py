# ADE20K with all labels; for few of them name a list:
# train_dataloader.dataset.dataset.ann_file
_base_ = ['mmseg::_base_/datasets/ade20k.py']
train_dataloader = dict(
    batch_size=16,
    sampler=dict(_delete_=True, type='MultiSourceSampler', shuffle=True),
    dataset=dict(
        _delete_=True,
        type='SeededDataset',
        dataset=dict(
            type='ADE20KDataset',
            data_root='data/ade/ADEChallengeData2016',
            data_prefix=dict(
                img_path='images/training',
                seg_map_path='annotations/training'),
            ann_file='',
            pipeline={{_base_.train_pipeline}})))
