# translated source images and an adversary
_base_ = [
    '../adaptsegnet/'
    'adaptsegnet_single_tiny-deeplabv3plus_2k_camvid-day2dusk.py'
]
train_dataloader = dict(
    dataset=dict(
        source=dict(
            data_root='work_dirs/bdl_tiny-deeplabv3plus_2k_camvid-day2dusk/'
            'round0/translated')))
