# step 1 of CamVid 9-2. The masks are SIMULATED: labels of pixels, spoilt to an
# IoU of 0.6. With foundation models at hand set co_segmentor to
# dict(type='FoundationCoSegmentor'). The whole task:
# python tools/incremental.py \
#     configs/fmwiss/fmwiss_tiny-deeplabv3plus_400_camvid-9-2_simulated.py
_base_ = [
    '../_base_/models/weakly_incremental_deeplabv3plus_tiny.py',
    '../_base_/datasets/camvid_incremental-180x240.py',
    '../_base_/schedules/incremental_toystreet.py',
    '../_base_/default_runtime.py',
]
load_from = 'work_dirs/fmwiss_base_tiny-deeplabv3plus_1500_camvid-9-2/iter_1500.pth'
find_unused_parameters = True
model = dict(
    num_old_classes=10, segmentor=dict(decode_head=dict(num_classes=12)))
co_segmentor = dict(type='SimulatedCoSegmentor', iou=0.6)
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadPseudoMask'),
    dict(
        type='SegRandomResizedCrop',
        scale=(240, 180),
        area_range=(0.5, 1.0),
        aspect_range=(1.0, 16 / 9)),
    dict(type='RandomFlip', prob=0.5),
    # things alone: pieces of sky or road bring nothing back
    dict(
        type='MemoryCopyPaste',
        bank='data/incremental_camvid/bank',
        prob=1.0,
        num_objects=(2, 2),
        classes=['sign', 'fence', 'pedestrian', 'bicyclist']),
    dict(type='PhotoMetricDistortion'),
    dict(type='PackIncrementalInputs'),
]
train_dataloader = dict(
    dataset=dict(
        dataset=dict(
            step=1,
            pseudo_masks='data/incremental_camvid/masks',
            dataset=dict(ann_file='splits/sequences/0006R0.txt'),
            pipeline=train_pipeline)))
val_dataloader = dict(dataset=dict(step=1))
test_dataloader = val_dataloader
train_cfg = dict(max_iters=400, val_interval=400)
param_scheduler = [
    dict(
        type='PolyLR',
        eta_min=1e-6,
        power=0.9,
        by_epoch=False,
        begin=50,
        end=400)
]
default_hooks = dict(
    checkpoint=dict(interval=400),
    stage=dict(
        stages=[dict(name='warmup', iters=50),
                dict(name='distillation')]))
incremental = dict(
    base='fmwiss_base_tiny-deeplabv3plus_1500_camvid-9-2.py',
    steps=[],
    memory_bank=dict(per_class=50, min_area=0.002))
