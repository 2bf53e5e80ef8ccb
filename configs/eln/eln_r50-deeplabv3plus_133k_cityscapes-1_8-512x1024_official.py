# what the authors' code does where it differs from the paper
_base_ = ['./eln_r50-deeplabv3plus_133k_cityscapes-1_8-512x1024.py']
model = dict(
    loss_contrast=dict(mode='per_class'),
    pseudo_filter=dict(pretrained_shortcut=False),
    freeze_norm_affine=True)
default_hooks = dict(ema_teacher=dict(student_sync_interval=266))
