import torch
from mmseg.registry import MODELS

import mmseg_ext  # noqa: F401


def test_enlarges_the_last_map():
    neck = MODELS.build(dict(type='BilinearUpsampling', align_corners=True))
    maps = [torch.randn(1, 2, 5, 7), torch.randn(1, 3, 3, 4)]
    found = neck(maps)
    assert found[0] is maps[0] and found[1].shape == (1, 3, 5, 7)
    # every second position is one of the small map's
    torch.testing.assert_close(found[1][..., ::2, ::2], maps[1])
