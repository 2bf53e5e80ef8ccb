# the same from what the denoising of the decoder leaves
_base_ = ['./random_tiny-transunet_2k_camvid-1_8.py']
load_from = ('work_dirs/ddep_pretrain_tiny-transunet_3k_camvid-180x240/'
             'pretrained.pth')
default_hooks = dict(check_loaded_keys=dict(type='CheckLoadedKeysHook'))
