"""What the tests of the converters of DeepLab-v2 share."""
import runpy
import sys
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmseg.registry import MODELS
from official_deeplabv2 import RATES

ROOT = Path(__file__).resolve().parents[3]
NAMES = dict(
    adaptsegnet=('conv1', 'conv2', 'conv3', 'conv4', 'classifier'),
    advent=('0', '2', '4', '6', '8'))


def load_base(name, num_rates=4, **changes):
    cfg = Config.fromfile(ROOT / f'configs/_base_/models/{name}.py').model
    cfg.update(pretrained=None, **changes)
    for head in (cfg.decode_head, cfg.auxiliary_head):
        if head:
            head.dilations = RATES[:num_rates]
    return cfg


def build(cfg, state_dict=None):
    with DefaultScope.overwrite_default_scope('mmseg'):
        if state_dict is None:
            with torch.device('meta'):
                return MODELS.build(cfg)
        model = MODELS.build(cfg)
    model.load_state_dict(state_dict, strict=True)
    return model


def hollow(state):
    return {k: torch.zeros(1).expand(v.shape) for k, v in state.items()}


def shapes(state_dict):
    return {
        key: tuple(value.shape)
        for key, value in state_dict.items()
        if not key.endswith('num_batches_tracked')
    }


def run(monkeypatch, tool, *args):
    monkeypatch.setattr(sys, 'argv', [tool, *map(str, args)])
    runpy.run_path(
        str(ROOT / f'tools/model_converters/{tool}.py'), run_name='__main__')
