# MinEnt + CP: no class much rarer than in the source. Its weight was not
# published. Count the classes with
# python tools/dataset_converters/class_size_statistics.py \
#     configs/_base_/datasets/synthia16_to_cityscapes-760x1280_512x1024.py \
#     data/synthia/class_sizes_16.json
_base_ = ['./minent_r101-deeplabv2_90k_synthia2cityscapes-512x1024.py']
model = dict(target_losses=[
    dict(type='EntropyLoss', level='decode_head', loss_weight=1e-3),
    dict(type='EntropyLoss', level='auxiliary_head', loss_weight=2e-4),
    dict(
        type='ClassRatioPriorLoss',
        level='decode_head',
        stats='data/synthia/class_sizes_16.json',
        loss_weight=1e-3)
])
