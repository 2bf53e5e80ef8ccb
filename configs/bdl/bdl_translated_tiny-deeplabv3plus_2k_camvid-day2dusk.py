# translated source images alone
_base_ = [
    '../adaptsegnet/source_only_tiny-deeplabv3plus_2k_camvid-day2dusk.py'
]
train_dataloader = dict(
    dataset=dict(
        source=dict(
            data_root='work_dirs/bdl_tiny-deeplabv3plus_2k_camvid-day2dusk/'
            'round0/translated')))
