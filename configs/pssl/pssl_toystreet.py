# pssl_random_toystreet.py, but from what pssl_pretrain_toystreet.py leaves
_base_ = ['./pssl_random_toystreet.py']
load_from = 'work_dirs/pssl_pretrain_toystreet/pretrained.pth'
default_hooks = dict(check_loaded_keys=dict(type='CheckLoadedKeysHook'))
expected = dict(value=58.60)
