# the same from what the decoder has learnt by denoising
_base_ = ['./supervised_segformer-b0_5k_cityscapes-1_30-512x1024.py']
model = dict(pretrained=None, backbone=dict(init_cfg=None))
load_from = ('work_dirs/ddep_pretrain_segformer-b0_500k_imagenet21k-224x224/'
             'pretrained.pth')
default_hooks = dict(check_loaded_keys=dict(type='CheckLoadedKeysHook'))
