from argparse import Namespace

import torch
from mmengine.config import Config

from mmseg_ext.engine import offline


def test_device_of_a_rank(monkeypatch):
    """With mpi LOCAL_RANK stays what ``read_config`` has set it to."""
    monkeypatch.setenv('LOCAL_RANK', '0')
    monkeypatch.setattr('torch.cuda.is_available', lambda: True)
    monkeypatch.setattr('torch.cuda.current_device', lambda: 3)
    find = offline.find_device
    assert find(Namespace(device=None)) == torch.device('cuda:0')
    assert find(Namespace(device='cpu')) == torch.device('cpu')
    monkeypatch.setattr('mmseg_ext.engine.offline.setup.is_distributed',
                        lambda: True)
    assert find(Namespace(device=None)) == torch.device('cuda:3')


def test_settings_that_a_prediction_depends_on():
    cfg = Config(
        dict(
            model=dict(
                type='ELN',
                data_preprocessor=dict(std=[2.]),
                segmentor=dict(type='X', test_cfg=dict(mode='whole')))))
    assert offline.inference_settings(cfg) == {
        'model.data_preprocessor': dict(std=[2.]),
        'model.test_cfg': None,
        'model.segmentor.data_preprocessor': None,
        'model.segmentor.test_cfg': dict(mode='whole')
    }
