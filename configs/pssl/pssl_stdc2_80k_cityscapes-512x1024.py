# the stock recipe from what the whole network has learnt of explanations
_base_ = ['./supervised_stdc2_80k_cityscapes-512x1024.py']
model = dict(backbone=dict(backbone_cfg=dict(init_cfg=None)))
load_from = 'work_dirs/pssl_pretrain_stdc2_133k_imagenet-256x256/pretrained.pth'
default_hooks = dict(check_loaded_keys=dict(type='CheckLoadedKeysHook'))
