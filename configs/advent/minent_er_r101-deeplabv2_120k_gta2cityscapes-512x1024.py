# MinEnt + ER: in each image the 30 % of the pixels with the highest entropy
_base_ = ['./minent_r101-deeplabv2_120k_gta2cityscapes-512x1024.py']
model = dict(target_losses=[
    dict(
        type='EntropyLoss',
        level='decode_head',
        top_ratio=0.3,
        loss_weight=1e-3),
    dict(
        type='EntropyLoss',
        level='auxiliary_head',
        top_ratio=0.3,
        loss_weight=2e-4)
])
