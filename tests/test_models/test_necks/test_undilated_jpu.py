import pytest
import torch
from mmseg.registry import MODELS

import mmseg_ext  # noqa: F401


def build(type='UndilatedJPU', **kwargs):
    torch.manual_seed(0)
    return MODELS.build(
        dict(type=type, in_channels=(4, 6, 8), mid_channels=5, **kwargs))


def maps():
    torch.manual_seed(1)
    return [
        torch.randn(2, channels, size, size + 1)
        for channels, size in ((4, 13), (6, 7), (8, 4))
    ]


def test_is_the_stock_neck():
    neck, stock = build().eval(), build('JPU').eval()
    neck.load_state_dict(dict(stock.state_dict(), undilated=torch.tensor(1)))
    for found, expected in zip(neck(maps()), stock(maps())):
        assert torch.equal(found, expected)
    assert neck(maps())[-1].shape == (2, 20, 13, 14)


def test_takes_lists():
    neck = MODELS.build(
        dict(
            type='UndilatedJPU',
            in_channels=[4, 6, 8],
            dilations=[1, 2],
            mid_channels=5))
    assert neck(maps())[-1].shape[1] == 10


def test_refuses_weights_of_a_dilated_backbone():
    model = torch.nn.ModuleDict(dict(neck=build()))
    stock = {f'neck.{k}': v for k, v in build('JPU').state_dict().items()}
    with pytest.raises(ValueError, match='of neck that were trained behind a'):
        model.load_state_dict(stock)
    model.load_state_dict(model.state_dict())
    # a backbone alone
    model.load_state_dict({}, strict=False)


def test_weights_of_another_neck_are_unexpected_keys():
    model = torch.nn.ModuleDict(dict(neck=build()))
    other = MODELS.build(
        dict(type='FPN', in_channels=[4, 6, 8], out_channels=4, num_outs=3))
    keys = {f'neck.{k}': v for k, v in other.state_dict().items()}
    found = model.load_state_dict(keys, strict=False)
    assert set(found.unexpected_keys) == set(keys)
