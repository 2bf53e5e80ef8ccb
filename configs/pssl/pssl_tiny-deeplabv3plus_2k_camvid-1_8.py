# the same from what the pre-training on explanations leaves
_base_ = ['./pssl_random_tiny-deeplabv3plus_2k_camvid-1_8.py']
load_from = ('work_dirs/pssl_pretrain_tiny-deeplabv3plus_600_camvid-64x64/'
             'pretrained.pth')
default_hooks = dict(check_loaded_keys=dict(type='CheckLoadedKeysHook'))
