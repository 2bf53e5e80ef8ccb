# The teacher reads low-level features too: a plain ASPP on maps of stride 16
# has 6x8 cells of an image of ToyStreet.
_base_ = ['./deeplabv3plus_tiny.py']
model = dict(
    _delete_=True,
    type='WeaklyIncremental',
    segmentor={{_base_.model}},
    num_old_classes=7,
    teacher=dict(
        type='DepthwiseSeparableASPPHead',
        in_channels=128,
        in_index=3,
        channels=64,
        dilations=(1, 2, 4),
        c1_in_channels=16,
        c1_channels=16,
        norm_cfg={{_base_.norm_cfg}},
        align_corners=False),
    projector=dict(type='PixelProjector', out_channels=64))
