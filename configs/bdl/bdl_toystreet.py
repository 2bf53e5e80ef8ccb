# and pseudo labels: the segmentor of every inner round. tools/bdl.py runs all
# that comes before
_base_ = ['./bdl_adversarial_toystreet.py']
target_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='AddValidMask'),
    dict(
        type='RandomResize',
        scale=(128, 96),
        ratio_range=(0.75, 1.5),
        keep_ratio=True),
    dict(type='RandomCrop', crop_size=(96, 128)),
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
                img_path='data/toystreet/dusk/images/train',
                seg_map_path='work_dirs/bdl_toystreet/round0/pseudo_labels1/'
                'labels'),
            pipeline=target_pipeline)))
# pseudo labels teach from the start, as in the authors' code, behind the
# iterations in which the rate rises
default_hooks = dict(
    stage=dict(stages=[dict(name='source', iters=50),
                       dict(name='adapt')]))
param_scheduler = _base_.param_scheduler
param_scheduler[-1].begin = 50
# the other steps of tools/bdl.py, files beside this one
bdl = dict(
    translation='cyclegan_toystreet.py',
    perceptual_translation='cyclegan_perceptual_toystreet.py',
    adversarial='bdl_adversarial_toystreet.py',
    pseudo_labels=dict(quantile=0.5, cap=0.9))
expected = dict(metric='mIoU', value=50.86, tolerance=2., seed=0)
