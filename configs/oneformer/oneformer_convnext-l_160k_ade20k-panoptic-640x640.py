# 16 GPUs with an image each
_base_ = ['./oneformer_r50_160k_ade20k-panoptic-640x640.py']
pretrained = 'https://download.openmmlab.com/mmclassification/v0/convnext/downstream/convnext-large_3rdparty_in21k_20220301-e6e0ea0a.pth'  # noqa
model = dict(
    backbone=dict(
        _delete_=True,
        type='mmpretrain.ConvNeXt',
        arch='large',
        drop_path_rate=0.4,
        out_indices=(0, 1, 2, 3),
        gap_before_final_norm=False,
        init_cfg=dict(
            type='Pretrained', checkpoint=pretrained, prefix='backbone.')),
    panoptic_head=dict(in_channels=[192, 384, 768, 1536], num_queries=250),
    test_cfg=dict(max_per_image=250))
# as many texts as 250 queries less 16 context vectors
train_pipeline = _base_.train_pipeline
train_pipeline[-2].update(num_texts=234)
train_dataloader = dict(
    batch_size=1, dataset=dict(dataset=dict(pipeline=train_pipeline)))
