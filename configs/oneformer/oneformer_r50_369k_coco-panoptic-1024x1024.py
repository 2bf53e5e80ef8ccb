_base_ = [
    '../_base_/models/oneformer_r50.py',
    '../_base_/datasets/coco_panoptic_oneformer-1024x1024.py',
    '../_base_/schedules/adamw_oneformer_coco_369k.py'
]
model = dict(
    data_preprocessor=dict(batch_augments=[
        dict(
            type='BatchFixedSizePad',
            size=(1024, 1024),
            img_pad_value=0,
            pad_mask=True,
            mask_pad_value=0)
    ]))
