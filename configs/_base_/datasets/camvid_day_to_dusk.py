# CamVid from day (305 labelled frames of 0006R0 and 0016E5) to dusk (62 frames
# of 0001TP without labels), 360x480; scored on the labels of the dusk frames.
# Make the lists with
# python tools/dataset_converters/camvid_day_to_dusk.py data/camvid
_base_ = ['./camvid.py']
data_root = 'data/camvid'
source_list = 'splits/day_to_dusk/source.txt'
target_list = 'splits/day_to_dusk/target.txt'
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
            type='CamVidDataset',
            data_root=data_root,
            data_prefix=dict(
                img_path='images/train', seg_map_path='annotations/train'),
            ann_file=source_list,
            pipeline=source_pipeline),
        target=dict(
            type='UnlabeledImageDataset',
            data_root=data_root,
            data_prefix=dict(img_path='images/train'),
            ann_file=target_list,
            pipeline=target_pipeline)))
# 101 frames of 0016E5, by day: what adaptation costs the source.
source_val_dataloader = _base_.val_dataloader
val_dataloader = dict(
    dataset=dict(
        data_prefix=dict(
            img_path='images/train', seg_map_path='annotations/train'),
        ann_file=target_list))
test_dataloader = val_dataloader
