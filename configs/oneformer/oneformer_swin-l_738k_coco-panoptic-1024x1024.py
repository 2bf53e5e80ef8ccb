# 16 GPUs with an image each, 100 epochs; the authors train it without --amp
_base_ = ['./oneformer_r50_369k_coco-panoptic-1024x1024.py']
pretrained = 'https://github.com/SwinTransformer/storage/releases/download/v1.0.0/swin_large_patch4_window12_384_22k.pth'  # noqa
model = dict(
    backbone=dict(
        _delete_=True,
        type='SwinTransformer',
        pretrain_img_size=384,
        embed_dims=192,
        depths=(2, 2, 18, 2),
        num_heads=(6, 12, 24, 48),
        window_size=12,
        drop_path_rate=0.3,
        out_indices=(0, 1, 2, 3),
        convert_weights=True,
        init_cfg=dict(type='Pretrained', checkpoint=pretrained)),
    panoptic_head=dict(in_channels=[192, 384, 768, 1536]))
train_dataloader = dict(batch_size=1)
param_scheduler = dict(end=737500, milestones=[655556, 710184])
train_cfg = dict(max_iters=737500)
