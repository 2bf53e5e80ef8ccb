# CA, category-specific adaptation: classes cover what they cover in the source.
# Count that with
# python tools/dataset_converters/class_size_statistics.py \
#     configs/_base_/datasets/camvid_day_to_dusk.py \
#     data/camvid/splits/day_to_dusk/class_sizes.json
_base_ = [
    '../adaptsegnet/source_only_tiny-deeplabv3plus_2k_camvid-day2dusk.py'
]
model = dict(target_losses=[
    dict(
        type='SizeConstraintLoss',
        level='decode_head',
        stats='data/camvid/splits/day_to_dusk/class_sizes.json',
        loss_weight=0.1)
])
