"""The tools that compare attention and models."""
import importlib.util
import subprocess
import sys

import pytest
import torch
from mmengine.config import Config
from mmseg.registry import MODELS

import mmseg_ext  # noqa: F401


def run(repo, tool, *args):
    done = subprocess.run(
        [sys.executable, repo / 'tools/analysis_tools' / tool, *args],
        capture_output=True,
        text=True)
    assert done.returncode == 0, done.stderr
    rows = [line for line in done.stdout.splitlines() if line[:1] == '|']
    return [[cell.strip() for cell in row.strip('|').split('|')]
            for row in rows[2:]]


def test_compare_models(repo):
    rows = run(
        repo, 'compare_models.py',
        *(repo / f'configs/fastfcn/{name}_toystreet.py'
          for name in ('dilated', 'fastfcn')), '--shape', '64', '64',
        '--rounds', '1')
    dilated, fastfcn = rows
    assert dilated[:3] == ['dilated_toystreet', '1.00', '1.00']
    assert fastfcn[0] == 'fastfcn_toystreet' and float(fastfcn[1]) > 0
    assert all(0 < int(row[3]) <= int(row[4]) for row in rows)


def test_kept_features_count_once(repo):
    """However many heads read them."""
    spec = importlib.util.spec_from_file_location(
        'compare_models', repo / 'tools/analysis_tools/compare_models.py')
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    cfg = Config.fromfile(repo / 'configs/fastfcn/dilated_toystreet.py')
    head = dict(cfg.model.decode_head, type='FCNHead', num_convs=1)
    head.pop('pool_scales')
    kept = []
    for auxiliary in (None, head, [head, head]):
        model = MODELS.build(dict(cfg.model, auxiliary_head=auxiliary))
        kept.append(tool.kept_of_image(model, torch.randn(2, 3, 32, 32)))
    assert len({features for features, _ in kept}) == 1
    none, one, two = (whole for _, whole in kept)
    assert 0 < one - none == two - one < kept[0][0]


def test_compare_attention(repo):
    # large enough that the noise of a process's memory does not count
    rows = run(repo, 'compare_attention.py', '--size', '88', '88')
    assert [row[:2] for row in rows] == [['88x88', 'dense'], ['88x88', 'auto']]
    # n * n * 4 bytes are 229 MiB
    assert int(rows[0][2]) > 2 * 229 and int(
        rows[1][2]) < int(rows[0][2]) - 100


AUTHORS_LOOP = """
def train_domain_adaptation(model, source, target, cfg):
    source, target = enumerate(source), enumerate(target)
    for _ in range(cfg.TRAIN.EARLY_STOP):
        _, (images, labels, _, _) = next(source)
        assert images.cuda(cfg.GPU_ID).shape[0] == labels.shape[0] == 1
        _, (images, _, _, _) = next(target)
        assert images.shape[-2:] == cfg.TRAIN.INPUT_SIZE_TARGET[::-1]
"""


def test_compare_advent(repo, tmp_path):
    """Turns are taken with a loop that stands in for the authors'."""
    with pytest.raises(AssertionError, match='is not a clone of valeoai'):
        run(repo, 'compare_advent.py', str(tmp_path))
    for name, text in (('domain_adaptation/train_UDA', AUTHORS_LOOP),
                       ('model/deeplabv2',
                        'def get_deeplab_v2(**kwargs):\n    pass\n')):
        path = tmp_path / 'advent' / f'{name}.py'
        path.parent.mkdir(parents=True)
        path.write_text(text)
    rows = run(repo, 'compare_advent.py', str(tmp_path), '--shape', '33', '65',
               '--rounds', '1')
    assert [row[0] for row in rows] == ['AdvEnt', 'MinEnt']
    assert all(float(row[2]) > float(row[1]) >= 0 for row in rows)
