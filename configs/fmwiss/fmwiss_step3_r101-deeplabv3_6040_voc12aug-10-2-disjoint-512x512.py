# VOC 10-2, disjoint: step 3, 3625 images with labels of images
_base_ = [
    '../_base_/models/weakly_incremental_deeplabv3_r101-d16.py',
    '../_base_/datasets/voc12aug_incremental-512x512.py',
    '../_base_/schedules/sgd_incremental_step.py',
    '../_base_/default_runtime.py',
]
load_from = (
    'work_dirs/fmwiss_step2_r101-deeplabv3_680_voc12aug-10-2-disjoint-512x512/'
    'iter_680.pth')
find_unused_parameters = True
model = dict(
    num_old_classes=15, segmentor=dict(decode_head=dict(num_classes=17)))
co_segmentor = dict(
    type='FoundationCoSegmentor',
    clip='openai/clip-vit-base-patch16',
    vit='facebook/dino-vitb16',
    class_prompts=dict(
        aeroplane=['airplane'],
        diningtable=['dining table'],
        motorbike=['motorcycle'],
        pottedplant=['potted plant'],
        tvmonitor=['television', 'monitor']))
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadPseudoMask'),
    dict(type='SegRandomResizedCrop', scale=512),
    dict(type='RandomFlip', prob=0.5),
    dict(
        type='MemoryCopyPaste',
        bank='data/incremental/voc-10-2-disjoint_step2_bank',
        prob=0.5),
    dict(type='PackIncrementalInputs'),
]
train_dataloader = dict(
    dataset=dict(
        dataset=dict(
            task='voc_10-2',
            setting='disjoint',
            step=3,
            pseudo_masks='data/incremental/voc-10-2-disjoint_step3_masks',
            pipeline=train_pipeline)))
val_dataloader = dict(dataset=dict(task='voc_10-2', step=3))
test_dataloader = val_dataloader
train_cfg = dict(max_iters=6040)
param_scheduler = [
    dict(
        type='PolyLR',
        eta_min=0,
        power=0.9,
        by_epoch=False,
        begin=755,
        end=6040)
]
default_hooks = dict(
    stage=dict(
        stages=[dict(name='warmup', iters=755),
                dict(name='distillation')]))
