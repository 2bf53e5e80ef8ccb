# SegFormer-B0 on 100 labelled images of Cityscapes, with the usual encoder
# and a random decoder
_base_ = [
    'mmseg::_base_/models/segformer_mit-b0.py',
    '../_base_/datasets/cityscapes_seeded-512x1024.py',
    '../_base_/schedules/finetune_adamw_5k.py',
    '../_base_/default_runtime.py',
]
# pad to the largest image of the batch
data_preprocessor = dict(size_divisor=1)
model = dict(
    data_preprocessor=data_preprocessor,
    backbone=dict(
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://download.openmmlab.com/mmsegmentation/'
            'v0.5/pretrain/segformer/mit_b0_20220624-7e0fe6dd.pth')))
train_dataloader = dict(
    dataset=dict(
        dataset=dict(ann_file='splits/unimatch/1_30/labeled_seed0.txt')))
