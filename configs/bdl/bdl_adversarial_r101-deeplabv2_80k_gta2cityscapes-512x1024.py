# translated source images and an adversary: the one-directional baseline, and
# the first segmentor of each round
_base_ = [
    '../adaptsegnet/'
    'adaptsegnet_single_r101-deeplabv2_150k_gta2cityscapes-512x1024.py'
]
train_dataloader = dict(
    dataset=dict(
        source=dict(data_root='work_dirs/'
                    'bdl_r101-deeplabv2_120k_gta2cityscapes-512x1024/round0/'
                    'translated')))
train_cfg = dict(max_iters=80000)
# translated images are smaller than the labels; both are resized alike
custom_hooks = [
    dict(type='LabelScanHook', check_sizes=False),
    dict(type='CheckFiniteLossHook'),
]
