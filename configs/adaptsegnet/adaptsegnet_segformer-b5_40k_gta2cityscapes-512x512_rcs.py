# with rare class sampling of the source as in DAFormer
_base_ = ['./adaptsegnet_segformer-b5_40k_gta2cityscapes-512x512.py']
train_dataloader = dict(
    sampler=dict(
        rare_class_sampling=dict(
            source=dict(statistics='data/gta/class_counts.json'))))
