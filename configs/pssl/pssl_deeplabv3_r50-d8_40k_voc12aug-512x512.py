# the stock recipe from what the whole network has learnt of explanations
_base_ = ['./supervised_deeplabv3_r50-d8_40k_voc12aug-512x512.py']
model = dict(pretrained=None)
load_from = 'work_dirs/pssl_pretrain_deeplabv3_r50-d8_133k_imagenet-256x256/pretrained.pth'
default_hooks = dict(check_loaded_keys=dict(type='CheckLoadedKeysHook'))
