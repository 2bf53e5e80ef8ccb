# category-specific adaptation (CA)
# Count the class sizes with
# python tools/dataset_converters/class_size_statistics.py \
#     configs/_base_/datasets/synthia16_to_cityscapes-760x1280_512x1024.py \
#     data/synthia/class_sizes_16.json
_base_ = ['./source_only_vgg16-fcn_40k_synthia2cityscapes-512x1024.py']
model = dict(target_losses=[
    dict(
        type='SizeConstraintLoss',
        level='decode_head',
        stats='data/synthia/class_sizes_16.json',
        loss_weight=0.1)
])
