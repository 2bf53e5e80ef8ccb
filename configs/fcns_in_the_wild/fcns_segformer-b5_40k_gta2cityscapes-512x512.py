# FCNs in the Wild on SegFormer-B5, GTA5 to Cityscapes, one GPU. Count the class
# sizes with
# python tools/dataset_converters/class_size_statistics.py \
#     configs/_base_/datasets/gta_to_cityscapes-720x1280_512x1024.py \
#     data/gta/class_sizes.json
_base_ = [
    '../_base_/models/domain_adaptation_segformer_mit-b5.py',
    '../_base_/datasets/gta_to_cityscapes-512x512.py',
    '../_base_/schedules/adversarial_adamw_40k.py',
    '../_base_/default_runtime.py',
]
model = dict(
    adversaries=[
        dict(
            name='global',
            level='decode_head.feature',
            align='feature',
            discriminator=dict(
                type='PixelDiscriminator', channels=(1024, 1024)),
            gan_loss='confusion',
            loss_weight=dict(type='DANNRamp', max_weight=0.1, iters=1200))
    ],
    target_losses=[
        dict(
            type='SizeConstraintLoss',
            level='decode_head',
            stats='data/gta/class_sizes.json',
            loss_weight=0.1)
    ])
# size constraints need a model that has learnt the source
default_hooks = dict(
    stage=dict(
        type='StageHook',
        stages=[dict(name='source', iters=20000),
                dict(name='adapt')]))
# the domain classifier gets no gradient in the stage `source`
find_unused_parameters = True
