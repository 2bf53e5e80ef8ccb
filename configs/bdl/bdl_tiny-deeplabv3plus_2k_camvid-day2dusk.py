# and pseudo labels
_base_ = ['./bdl_adversarial_tiny-deeplabv3plus_2k_camvid-day2dusk.py']
target_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='AddValidMask'),
    dict(
        type='RandomResize',
        scale=(240, 180),
        ratio_range=(0.75, 1.5),
        keep_ratio=True),
    dict(type='RandomCrop', crop_size=(180, 240)),
    dict(type='RandomFlip', prob=0.5),
    # as of the labelled images: it learns nothing from what it knows
    dict(type='PhotoMetricDistortion'),
    dict(type='PackBranchInputs'),
]
model = dict(target_losses=[dict(type='PseudoLabelLoss')])
train_dataloader = dict(
    dataset=dict(
        target=dict(
            data_root=None,
            data_prefix=dict(
                img_path='data/camvid/images/train',
                seg_map_path='work_dirs/'
                'bdl_tiny-deeplabv3plus_2k_camvid-day2dusk/round0/'
                'pseudo_labels1/labels'),
            ann_file='data/camvid/splits/day_to_dusk/target.txt',
            pipeline=target_pipeline)))
# pseudo labels teach from the start, as in the authors' code, behind the
# iterations in which the rate rises
default_hooks = dict(
    stage=dict(stages=[dict(name='source', iters=100),
                       dict(name='adapt')]))
param_scheduler = _base_.param_scheduler
param_scheduler[-1].begin = 100
# the other steps of tools/bdl.py, files beside this one
bdl = dict(
    translation='cyclegan_tiny_1k_camvid-day2dusk-96x96.py',
    perceptual_translation='cyclegan_perceptual_tiny_1k_'
    'camvid-day2dusk-96x96.py',
    adversarial='bdl_adversarial_tiny-deeplabv3plus_2k_camvid-day2dusk.py',
    pseudo_labels=dict(quantile=0.5, cap=0.9))
