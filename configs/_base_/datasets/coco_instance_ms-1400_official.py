# COCO as the authors' code of PANet resizes it
_base_ = ['./coco_instance_ms-1400.py']
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True, with_mask=True),
    dict(
        type='RandomChoiceResize',
        # the largest one is drawn twice as often
        scales=[(1400, 1200), (1400, 1200), (1400, 1000), (1400, 800),
                (1400, 600), (1400, 400)],
        keep_ratio=True),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackDetInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
