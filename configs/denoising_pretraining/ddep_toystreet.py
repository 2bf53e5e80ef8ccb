# random_toystreet.py, but from what ddep_pretrain_toystreet.py leaves
_base_ = ['./random_toystreet.py']
load_from = 'work_dirs/ddep_pretrain_toystreet/pretrained.pth'
default_hooks = dict(check_loaded_keys=dict(type='CheckLoadedKeysHook'))
expected = dict(metric='mIoU', value=53.08, tolerance=2., seed=0)
