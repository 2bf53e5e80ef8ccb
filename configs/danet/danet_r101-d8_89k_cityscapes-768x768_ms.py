# tests at many scales, in windows of 1024x1024: with --tta
_base_ = ['./danet_r101-d8_89k_cityscapes-768x768_1gpu.py']
window = (1024, 1024)
model = dict(
    data_preprocessor=dict(test_cfg=dict(size=window)),
    test_cfg=dict(crop_size=window, stride=(682, 682)))
tta_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='TestTimeAug',
        transforms=[
            [
                dict(type='Resize', scale_factor=r, keep_ratio=True)
                for r in (0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 2.25)
            ],
            [
                dict(type='RandomFlip', prob=0., direction='horizontal'),
                dict(type='RandomFlip', prob=1., direction='horizontal')
            ], [dict(type='LoadAnnotations')], [dict(type='PackSegInputs')]
        ])
]
