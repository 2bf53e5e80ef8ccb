import os

import pytest
import torch
from torch import nn

from mmseg_ext.models.utils.plain_checkpoint import (extract_segmentor,
                                                     is_plain_layout)


class Algorithm(nn.Module):

    def __init__(self):
        super().__init__()
        self.segmentor = nn.ModuleDict(
            dict(backbone=nn.Linear(1, 1), decode_head=nn.Linear(1, 1)))
        self.projector = nn.Linear(1, 1)


@pytest.mark.parametrize('keys,expected', [
    (['backbone.weight', 'decode_head.bias'], True),
    (['backbone.weight'], True),
    (['backbone.weight', 'auxiliary_head.0.bias'], True),
    (['auxiliary_head.0.bias'], False),
    (['segmentor.backbone.weight'], False),
    (['backbone.weight', 'projector.weight'], False),
    (['backbone.weight', 'segmentor.backbone.weight'], False),
    ([], False),
])
def test_plain_layout_is_recognised_as_a_whole(keys, expected):
    assert is_plain_layout(keys, Algorithm()) is expected


def test_extract_writes_the_network_alone(tmp_path):
    model = Algorithm()
    src, dst = tmp_path / 'src.pth', tmp_path / 'new' / 'dst.pth'
    torch.save(
        dict(
            meta=dict(iter=3, cfg='secret', dataset_meta=dict(classes='a')),
            state_dict=model.state_dict(),
            optimizer=dict(state={})), src)
    assert extract_segmentor(str(src), str(dst)) == 4
    written = torch.load(dst)
    assert set(written) == {'meta', 'state_dict'}
    assert written['meta'] == dict(iter=3, dataset_meta=dict(classes='a'))
    model.segmentor.load_state_dict(written['state_dict'], strict=True)
    assert os.listdir(dst.parent) == ['dst.pth']


def test_extract_names_what_there_is(tmp_path):
    src = tmp_path / 'src.pth'
    torch.save(dict(state_dict=nn.Linear(1, 1).state_dict()), src)
    with pytest.raises(ValueError, match=r"no network 'teacher'.*bias"):
        extract_segmentor(str(src), str(tmp_path / 'dst.pth'), 'teacher')
