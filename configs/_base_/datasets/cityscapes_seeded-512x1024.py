# Cityscapes with all labels; for few of them name a list:
# train_dataloader.dataset.dataset.ann_file
_base_ = ['mmseg::_base_/datasets/cityscapes.py']
train_dataloader = dict(
    batch_size=16,
    sampler=dict(_delete_=True, type='MultiSourceSampler', shuffle=True),
    dataset=dict(
        _delete_=True,
        type='SeededDataset',
        dataset=dict(
            type='SplitListCityscapesDataset',
            data_root='data/cityscapes',
            data_prefix=dict(
                img_path='leftImg8bit/train', seg_map_path='gtFine/train'),
            ann_file='',
            pipeline={{_base_.train_pipeline}})))
