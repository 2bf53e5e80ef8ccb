# Pascal Context, 59 classes, with all labels; for few of them name a list:
# train_dataloader.dataset.dataset.ann_file
_base_ = ['mmseg::_base_/datasets/pascal_context_59.py']
train_dataloader = dict(
    batch_size=16,
    sampler=dict(_delete_=True, type='MultiSourceSampler', shuffle=True),
    dataset=dict(
        _delete_=True,
        type='SeededDataset',
        dataset=dict(
            type='PascalContextDataset59',
            data_root='data/VOCdevkit/VOC2010',
            data_prefix=dict(
                img_path='JPEGImages',
                seg_map_path='SegmentationClassContext'),
            ann_file='ImageSets/SegmentationContext/train.txt',
            pipeline={{_base_.train_pipeline}})))
