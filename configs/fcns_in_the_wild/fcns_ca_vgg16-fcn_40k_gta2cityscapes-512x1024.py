# category-specific adaptation (CA)
# Count the class sizes with
# python tools/dataset_converters/class_size_statistics.py \
#     configs/_base_/datasets/gta_to_cityscapes-720x1280_512x1024.py \
#     data/gta/class_sizes.json
_base_ = ['./source_only_vgg16-fcn_40k_gta2cityscapes-512x1024.py']
model = dict(target_losses=[
    dict(
        type='SizeConstraintLoss',
        level='decode_head',
        stats='data/gta/class_sizes.json',
        loss_weight=0.1)
])
