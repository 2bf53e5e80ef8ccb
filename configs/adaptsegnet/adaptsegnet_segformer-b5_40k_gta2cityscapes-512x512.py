# AdaptSegNet on SegFormer-B5, GTA5 to Cityscapes, one GPU
_base_ = [
    '../_base_/models/domain_adaptation_segformer_mit-b5.py',
    '../_base_/datasets/gta_to_cityscapes-512x512.py',
    '../_base_/schedules/adversarial_adamw_40k.py',
    '../_base_/default_runtime.py',
]
model = dict(adversaries=[
    dict(
        name='main',
        level='decode_head',
        align='probability',
        discriminator=dict(type='FCDiscriminator'),
        loss_weight=1e-3)
])
