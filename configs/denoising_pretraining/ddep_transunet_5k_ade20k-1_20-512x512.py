# from what the denoising pre-training (DDeP) leaves
_base_ = ['./random_transunet_5k_ade20k-1_20-512x512.py']
load_from = ('work_dirs/ddep_pretrain_transunet_500k_imagenet21k-224x224/'
             'pretrained.pth')
default_hooks = dict(check_loaded_keys=dict(type='CheckLoadedKeysHook'))
