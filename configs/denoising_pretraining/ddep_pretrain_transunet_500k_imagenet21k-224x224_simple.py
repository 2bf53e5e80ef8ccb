# ablation: simple additive noise, in the validation too
_base_ = ['./ddep_pretrain_transunet_500k_imagenet21k-224x224.py']
model = dict(noise=dict(process='simple'))
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='ResizeShortestEdge', scale=256, max_size=4096),
    dict(type='GaussianNoise', sigma=0.22, process='simple', seed=0),
    dict(type='PackDenoisingInputs'),
]
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
