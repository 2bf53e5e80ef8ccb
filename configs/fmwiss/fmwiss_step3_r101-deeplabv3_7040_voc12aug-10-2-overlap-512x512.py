# VOC 10-2, overlap: step 3, 4236 images with labels of images
_base_ = [
    '../_base_/models/weakly_incremental_deeplabv3_r101-d16.py',
    '../_base_/datasets/voc12aug_incremental-512x512.py',
    '../_base_/schedules/sgd_incremental_step.py',
    '../_base_/default_runtime.py',
]
load_from = (
    'work_dirs/fmwiss_step2_r101-deeplabv3_1520_voc12aug-10-2-overlap-512x512/'
    'iter_1520.pth')
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
        bank='data/incremental/voc-10-2-overlap_step2_bank',
        prob=0.5),
    dict(type='PackIncrementalInputs'),
]
train_dataloader = dict(
    dataset=dict(
        dataset=dict(
            task='voc_10-2',
            setting='overlap',
            step=3,
            pseudo_masks='data/incremental/voc-10-2-overlap_step3_masks',
            pipeline=train_pipeline)))
val_dataloader = dict(dataset=dict(task='voc_10-2', step=3))
test_dataloader = val_dataloader
train_cfg = dict(max_iters=7040)
param_scheduler = [
    dict(
        type='PolyLR',
        eta_min=0,
        power=0.9,
        by_epoch=False,
        begin=880,
        end=7040)
]
default_hooks = dict(
    stage=dict(
        stages=[dict(name='warmup', iters=880),
                dict(name='distillation')]))
