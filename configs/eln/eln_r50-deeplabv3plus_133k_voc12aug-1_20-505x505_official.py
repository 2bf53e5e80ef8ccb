# what the authors' code does where it differs from the paper
_base_ = ['./eln_r50-deeplabv3plus_133k_voc12aug-1_20-505x505.py']
model = dict(
    loss_contrast=dict(mode='per_class'),
    pseudo_filter=dict(pretrained_shortcut=False),
    freeze_norm_affine=True)
default_hooks = dict(ema_teacher=dict(student_sync_interval=266))
# images and labels are scored at 505x505
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='Resize', scale=(505, 505)),
    dict(type='SetOriShape'),
    dict(type='PackSegInputs'),
]
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
