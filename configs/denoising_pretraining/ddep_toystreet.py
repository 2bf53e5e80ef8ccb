# random_toystreet.py, but from what ddep_pretrain_toystreet.py leaves
_base_ = ['./random_toystreet.py']
load_from = 'work_dirs/ddep_pretrain_toystreet/pretrained.pth'
default_hooks = dict(check_loaded_keys=dict(type='CheckLoadedKeysHook'))
# not measured yet
expected = dict(metric='mIoU', value=0., tolerance=0., seed=0)
