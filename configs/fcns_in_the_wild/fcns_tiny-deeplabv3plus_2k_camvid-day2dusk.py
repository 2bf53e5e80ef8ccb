# FCNs in the Wild: global alignment and category-specific adaptation; count
# the class sizes as in fcns_ca_tiny-deeplabv3plus_2k_camvid-day2dusk.py
_base_ = ['./fcns_ga_tiny-deeplabv3plus_2k_camvid-day2dusk.py']
model = dict(target_losses=[
    dict(
        type='SizeConstraintLoss',
        level='decode_head',
        stats='data/camvid/splits/day_to_dusk/class_sizes.json',
        loss_weight=0.1)
])
