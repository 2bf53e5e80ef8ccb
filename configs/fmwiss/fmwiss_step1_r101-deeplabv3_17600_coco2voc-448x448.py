# COCO-to-VOC: step 1, 10582 images of VOC with labels of images. Scored on COCO;
# the config of the same name with _voc is scored on VOC.
_base_ = [
    '../_base_/models/weakly_incremental_deeplabv3_r101-d8.py',
    '../_base_/datasets/coco2voc_incremental-448x448.py',
    '../_base_/schedules/sgd_incremental_step.py',
    '../_base_/default_runtime.py',
]
load_from = 'work_dirs/fmwiss_step0_r101-deeplabv3_29070_coco2voc-448x448/iter_29070.pth'
find_unused_parameters = True
model = dict(
    num_old_classes=61, segmentor=dict(decode_head=dict(num_classes=81)))
co_segmentor = dict(
    type='FoundationCoSegmentor',
    clip='openai/clip-vit-base-patch16',
    vit='facebook/dino-vitb16',
    class_prompts=dict(tv=['television', 'monitor']))
# of the task's names those that VOC has otherwise
aliases = {
    'motorcycle': 'motorbike',
    'airplane': 'aeroplane',
    'couch': 'sofa',
    'potted plant': 'pottedplant',
    'dining table': 'diningtable',
    'tv': 'tvmonitor'
}
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadPseudoMask'),
    dict(type='SegRandomResizedCrop', scale=448),
    dict(type='RandomFlip', prob=0.5),
    dict(
        type='MemoryCopyPaste',
        bank='data/incremental/coco2voc_step0_bank',
        prob=0.5),
    dict(type='PackIncrementalInputs'),
]
train_dataloader = dict(
    dataset=dict(
        dataset=dict(
            setting='overlap',
            step=1,
            aliases=aliases,
            pseudo_masks='data/incremental/coco2voc_step1_masks',
            dataset=dict(
                _delete_=True,
                type='PascalVOCDataset',
                data_root='data/VOCdevkit/VOC2012',
                data_prefix=dict(
                    img_path='JPEGImages',
                    seg_map_path='SegmentationClassAug'),
                ann_file='ImageSets/Segmentation/trainaug.txt'),
            pipeline=train_pipeline)))
val_dataloader = dict(dataset=dict(step=1))
test_dataloader = val_dataloader
train_cfg = dict(max_iters=17600)
param_scheduler = [
    dict(
        type='PolyLR',
        eta_min=0,
        power=0.9,
        by_epoch=False,
        begin=2200,
        end=17600)
]
default_hooks = dict(
    stage=dict(
        stages=[dict(name='warmup', iters=2200),
                dict(name='distillation')]))
incremental = dict(
    base='fmwiss_step0_r101-deeplabv3_29070_coco2voc-448x448.py', steps=[])
