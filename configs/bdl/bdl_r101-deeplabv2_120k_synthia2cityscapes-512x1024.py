# and pseudo labels: the segmentor of every inner round
_base_ = [
    './bdl_adversarial_r101-deeplabv2_80k_synthia2cityscapes-512x1024.py'
]
target_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='AddValidMask'),
    dict(
        type='Resize',
        scale=(1024, 512),
        keep_ratio=False,
        interpolation='bicubic',
        backend='pillow'),
    dict(type='PackBranchInputs'),
]
model = dict(target_losses=[dict(type='PseudoLabelLoss')])
train_dataloader = dict(
    dataset=dict(
        target=dict(
            data_root=None,
            data_prefix=dict(
                img_path='data/cityscapes/leftImg8bit/train',
                seg_map_path='work_dirs/'
                'bdl_r101-deeplabv2_120k_synthia2cityscapes-512x1024/round0/'
                'pseudo_labels1/labels'),
            pipeline=target_pipeline)))
train_cfg = dict(max_iters=120000)
# the other steps of tools/bdl.py, files beside this one
bdl = dict(
    translation='cyclegan_resnet9_47k_synthia2cityscapes-452x452.py',
    perceptual_translation='cyclegan_perceptual_resnet9_47k_'
    'synthia2cityscapes-452x452.py',
    adversarial='bdl_adversarial_r101-deeplabv2_80k_'
    'synthia2cityscapes-512x1024.py',
    translate=dict(size='network'),
    pseudo_labels=dict(quantile=0.5, cap=0.9))
