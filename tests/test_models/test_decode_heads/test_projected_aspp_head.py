import torch
from mmseg.registry import MODELS

import mmseg_ext  # noqa: F401


def test_projection_drops_whole_channels():
    """As in the authors' code."""
    torch.manual_seed(0)
    head = MODELS.build(
        dict(
            type='ProjectedASPPHead',
            in_channels=6,
            in_index=0,
            channels=16,
            dilations=(1, 2),
            num_classes=3,
            norm_cfg=dict(type='BN')))
    seen = []
    head.bottleneck[1].register_forward_hook(
        lambda module, args, output: seen.append((args[0], output)))
    head([torch.randn(2, 6, 9, 11)])
    before, after = (maps.flatten(2) for maps in seen[0])
    positive = before > 0
    kept = ((after > 0) & positive).sum(2)
    assert ((kept == 0) | (kept == positive.sum(2))).all()
    assert 0 < (kept == 0).sum() < kept.numel()
