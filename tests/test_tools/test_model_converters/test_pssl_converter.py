"""Weights of PaddleSeg, and a hostile file."""
import os
import pickle
import runpy
import sys
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from official_paddleseg import PSPNet, STDCSeg, paddle_state, randomise

from mmseg_ext.models.utils.paddle_checkpoint import load_paddle
from mmseg_ext.models.utils.pssl_checkpoint import convert_pssl

TOOL = Path(__file__).parents[3] / 'tools/model_converters/pssl.py'


def save(path, state, protocol=4):
    with open(path, 'wb') as file:
        pickle.dump(state, file, protocol=protocol)
    return str(path)


def convert(src, dst):
    with patch.object(sys, 'argv', [str(TOOL), str(src), str(dst)]):
        runpy.run_path(str(TOOL), run_name='__main__')
    return torch.load(dst)


def build(repo, name, change):
    init_default_scope('mmseg')
    model = Config.fromfile(str(repo / 'configs/pssl' / f'{name}.py')).model
    change(model)
    return revert_sync_batchnorm(MODELS.build(model)).eval()


def check_load(model, checkpoint):
    result = model.load_state_dict(checkpoint['state_dict'], strict=False)
    assert not result.unexpected_keys
    missing = {
        key
        for key in result.missing_keys
        if not key.endswith('num_batches_tracked')
    }
    assert missing == set(checkpoint['meta']['dropped_keys'])


@torch.no_grad()
def test_pspnet(repo, tmp_path):
    theirs = randomise(PSPNet())

    def change(model):
        model.backbone.update(stem_channels=8, base_channels=8)
        model.decode_head.update(
            in_channels=256, channels=24, pool_channels=64)
        model.auxiliary_head.update(in_channels=128, channels=32)

    ours = build(repo, 'pssl_pspnet_r50-d8_80k_cityscapes-512x1024_official',
                 change)
    src = save(tmp_path / 'model.pdparams', paddle_state(theirs))
    check_load(ours, convert(src, tmp_path / 'out.pth'))
    image = torch.randn(1, 3, 65, 80)
    levels = ours.extract_feat(image)
    features, auxiliary = theirs(image)
    # the normalisation lets values grow
    assert torch.allclose(
        ours.decode_head._forward_feature(levels),
        features,
        rtol=1e-4,
        atol=1e-4 * features.abs().max().item())
    assert torch.allclose(
        ours.auxiliary_head._forward_feature(levels),
        auxiliary,
        rtol=1e-4,
        atol=1e-4 * auxiliary.abs().max().item())


@torch.no_grad()
@pytest.mark.parametrize('kind,blocks', [('STDCNet2', (4, 5, 3)),
                                         ('STDCNet1', (2, 2, 2))])
def test_stdc(repo, tmp_path, capsys, kind, blocks):
    theirs = randomise(STDCSeg(blocks))
    # what the segmentor has no place for
    for layer in (theirs.ffm.conv1, theirs.ffm.conv2):
        layer.bias.zero_()

    def change(model):
        model.backbone.backbone_cfg.update(stdc_type=kind, init_cfg=None)
        model.auxiliary_head = model.auxiliary_head[:2]

    ours = build(repo, 'pssl_stdc2_80k_cityscapes-512x1024_official', change)
    src = save(tmp_path / 'model.pdparams', paddle_state(theirs))
    check_load(ours, convert(src, tmp_path / 'out.pth'))
    assert 'attention.1.conv.bias has no place' in capsys.readouterr().out
    image = torch.randn(1, 3, 64, 128)
    levels = ours.extract_feat(image)
    heads = [ours.decode_head, *ours.auxiliary_head]
    for head, expected in zip(heads, theirs(image)):
        found = head._forward_feature(levels)
        assert torch.allclose(
            found,
            expected,
            rtol=1e-4,
            atol=1e-4 * expected.abs().max().item())


@pytest.mark.parametrize('protocol', [2, 3, 4, 5])
def test_pickles_of_any_protocol(tmp_path, protocol):
    state = dict(
        a=np.arange(6, dtype=np.float32).reshape(2, 3),
        b=('name', np.zeros((), np.int64)),
        c=np.asfortranarray(np.random.rand(3, 2)))
    found = load_paddle(save(tmp_path / 'a.pdparams', state, protocol))
    for key in 'ac':
        assert (found[key].numpy() == state[key]).all()
    assert found['b'].shape == ()


class Hostile:

    def __reduce__(self):
        return os.system, ('touch hostile', )


@pytest.mark.parametrize('state', [
    dict(a=np.zeros(1), b=Hostile()),
    dict(a=np.array([Hostile()], dtype=object)),
    dict(a=torch.zeros(1)),
])
def test_hostile_file_runs_nothing(tmp_path, monkeypatch, state):
    monkeypatch.chdir(tmp_path)
    path = save(tmp_path / 'bad.pdparams', state)
    with pytest.raises(ValueError, match='cannot be read as weights .* asks'):
        load_paddle(path)
    assert not (tmp_path / 'hostile').exists()


def test_other_files(tmp_path):
    with pytest.raises(FileNotFoundError, match='is no file'):
        load_paddle(str(tmp_path / 'none'))
    for state, match in (([1], 'is no dict'), ({}, 'has no weights'),
                         (dict(a='text'), "'a', which is no array"),
                         (dict(a=np.array(['text'])), "'a', which is no")):
        with pytest.raises(ValueError, match=match):
            load_paddle(save(tmp_path / 'a', state))
    (tmp_path / 'a').write_bytes(b'')
    with pytest.raises(ValueError, match='cannot be read'):
        load_paddle(str(tmp_path / 'a'))


def test_other_layouts():
    with pytest.raises(ValueError, match='neither a PSPNet .* PP-LiteSeg'):
        convert_pssl({'ppseg_head.conv': torch.zeros(1)})
    state = {
        f'cp.backbone.features.{i}.conv.weight': torch.zeros(1)
        for i in range(5)
    }
    with pytest.raises(ValueError, match='has 5 blocks'):
        convert_pssl(state)
    with pytest.raises(ValueError, match='another layout.*head.other'):
        convert_pssl({
            'head.psp_module.stages.0.1._conv.weight': torch.zeros(1),
            'head.other.weight': torch.zeros(1)
        })
