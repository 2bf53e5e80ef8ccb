"""The converter of Gated-SCNN: the same output from the same weights."""
import subprocess
import sys

import pytest
import torch
from mmengine.config import Config
from mmseg.registry import MODELS
from mmseg.utils import register_all_modules
from official_context_networks import randomise
from official_gscnn import GSCNN

import mmseg_ext  # noqa: F401
from mmseg_ext.models.utils.gscnn_checkpoint import convert_gscnn

register_all_modules()

CONFIG = 'configs/gscnn/gscnn_wrn38-d8_65k_cityscapes-720x720_official.py'


def model_config():
    return Config.fromfile(CONFIG).model.to_dict()


def small_model():
    cfg = model_config()
    cfg['backbone'].update(depth=16, base_channels=4, norm_cfg=dict(type='BN'))
    cfg['decode_head'].update(
        in_channels=[16, 32, 256],
        low_level_channels=8,
        low_level_projection=6,
        stem_channels=4,
        shape_channels=(4, 4, 3, 2),
        channels=8,
        num_classes=5,
        norm_cfg=dict(type='BN'))
    return MODELS.build(cfg)


def official(classes=5):
    return randomise(
        GSCNN(
            4, (1, 1, 1, 1, 1, 1),
            shape=(4, 4, 3, 2),
            aspp=8,
            fine=6,
            classes=classes))


def test_same_output():
    reference = official()
    with torch.no_grad():  # let their 0 to 255 not drown the rest
        reference.cw.weight[:, 1] *= 0.01
    model = small_model()
    model.load_state_dict(convert_gscnn(reference.state_dict()), strict=True)
    model.eval()
    images = torch.randn(2, 3, 64, 96)
    with torch.no_grad():
        found = model.decode_head(model.extract_feat(images))
        expected = reference(images)
    for ours, theirs in zip(found, expected):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


def test_number_of_weights():
    """137.278 M, less the layer that nothing reads, and a bias."""
    with torch.device('meta'):
        model = MODELS.build(model_config())
    number = sum(p.numel() for p in model.parameters())
    assert round((number + 65 - 19) / 1e6, 3) == 137.278


def test_tool(tmp_path):
    source, target = tmp_path / 'official.pth', tmp_path / 'converted.pth'
    weights = {f'module.{k}': v for k, v in official().state_dict().items()}
    torch.save(dict(state_dict=weights, epoch=3), source)
    command = [
        sys.executable, 'tools/model_converters/gscnn.py',
        str(source),
        str(target)
    ]
    subprocess.run(command, check=True)
    small_model().load_state_dict(
        torch.load(target, weights_only=True)['state_dict'], strict=True)


def test_refuses_another_layout():
    weights = official().state_dict()
    with pytest.raises(ValueError, match='none of its weights'):
        convert_gscnn(dict(weights, surprise=torch.zeros(1)))
    del weights['cw.weight']
    with pytest.raises(ValueError, match='lacks'):
        convert_gscnn(weights)
