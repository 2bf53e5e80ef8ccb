# SegFormer-B5 of MMSegmentation, on one GPU or several
_base_ = ['mmseg::_base_/models/segformer_mit-b0.py']
# pad to the largest image of the batch
data_preprocessor = dict(size_divisor=1)
model = dict(
    data_preprocessor=data_preprocessor,
    backbone=dict(
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://download.openmmlab.com/mmsegmentation/v0.5/'
            'pretrain/segformer/mit_b5_20220624-658746d9.pth'),
        embed_dims=64,
        num_layers=[3, 6, 40, 3]),
    decode_head=dict(
        in_channels=[64, 128, 320, 512],
        norm_cfg=dict(type='BN'),
        loss_decode=dict(avg_non_ignore=True)))
