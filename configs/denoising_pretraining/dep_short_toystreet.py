# random_short_toystreet.py, but from what dep_pretrain_toystreet.py leaves
_base_ = ['./random_short_toystreet.py']
load_from = 'work_dirs/dep_pretrain_toystreet/pretrained.pth'
default_hooks = dict(check_loaded_keys=dict(type='CheckLoadedKeysHook'))
expected = dict(metric='mIoU', value=40.5, tolerance=2., seed=0)
