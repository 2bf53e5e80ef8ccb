"""Every other ``_toystreet`` config: baselines, ablations, steps of a chain.

They run the code of the methods that have a battery each, with other settings
or data. Each is trained, resumed half way and tested. What an earlier step of
a chain leaves behind is left out or made of random weights: the chains are
tested as such beside the batteries.
"""
import re
import shutil
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmseg.registry import MODELS

from .method_battery import (assert_equal, losses, metrics, relocate,
                             short_config, write)
from .test_bdl import point_to, tiny
from .test_fcns_in_the_wild import count_class_sizes
from .test_fmwiss import files, read_config  # noqa: F401
from .test_pssl import explained  # noqa: F401
from .tool_runner import REPO, run_tool

pytest.importorskip('mmdet')
pytest.importorskip('mmpretrain.models')

from mmseg_ext.datasets.panoptic_instances import \
    write_toystreet_instances  # noqa: E402

from .test_oneformer import small  # noqa: E402  isort: skip

ITERS = 4
WITH_BATTERY = {
    name
    for path in Path(__file__).parent.glob('test_*.py')
    for name in re.findall(r"^    config = .*?([\w-]+_toystreet[\w-]*)\.py'",
                           path.read_text(), re.MULTILINE)
}
VARIANTS = [
    path.relative_to(REPO)
    for path in sorted(Path(REPO, 'configs').glob('*/*_toystreet*.py'))
    if path.stem not in WITH_BATTERY
]


def without_earlier_steps(node):
    """The same settings without weights that another run leaves behind."""
    if isinstance(node, dict):
        if str(node.get('checkpoint', '')).startswith('work_dirs') and \
                node.get('type') == 'Pretrained':
            return None
        return {
            key: without_earlier_steps(value)
            for key, value in node.items() if key != 'load_from'
        }
    if isinstance(node, (list, tuple)):
        return type(node)(without_earlier_steps(value) for value in node)
    return node


def fewer_pixels(cfg):
    """Small images for a detector, and few boxes."""
    pipelines = [
        getattr(loader.dataset, 'dataset', loader.dataset).pipeline
        for loader in (cfg.train_dataloader, cfg.val_dataloader,
                       cfg.test_dataloader)
    ]
    for transform in sum(map(list, pipelines), []):
        if 'scale' in transform:
            transform['scale'] = (64, 48)
    cfg.model.test_cfg.rpn.max_per_img = 10
    cfg.model.test_cfg.rcnn.max_per_img = 5
    return cfg


@pytest.fixture
def prepared(request, toystreet, tmp_path):
    """Read a config, and set it up on the small data of the tests."""

    def read(path):
        method, name, work = path.parent.name, path.stem, tmp_path / 'work'
        if method == 'fmwiss':
            return read_config(name, toystreet,
                               request.getfixturevalue('files'), work, ITERS)
        cfg = short_config(str(path), toystreet, work, ITERS)
        made = request.getfixturevalue('explained')
        settings = without_earlier_steps(cfg.to_dict())
        for old, new in (('data/unlabeled_toystreet',
                          toystreet), (f'{toystreet}10', toystreet),
                         (f'{toystreet}_crops', made / 'toystreet_crops'),
                         ('data/pssl_toystreet', made / 'pssl_toystreet')):
            settings = relocate(settings, old, str(new))
        cfg = Config(settings)
        cfg.work_dir = str(work)
        if method == 'bdl':
            cfg = tiny(point_to(cfg, toystreet))
            if 'perceptual' in cfg.model:
                watcher = MODELS.build(cfg.model.perceptual.segmentor)
                cfg.model.perceptual.checkpoint = str(tmp_path / 'watcher.pth')
                torch.save(
                    dict(state_dict=watcher.state_dict()),
                    cfg.model.perceptual.checkpoint)
        if method == 'fcns_in_the_wild':
            count_class_sizes(cfg, toystreet)
        if method == 'oneformer':
            write_toystreet_instances(str(toystreet))
            cfg = small(cfg)
        if method == 'panet':
            cfg = fewer_pixels(cfg)
        if cfg.default_scope == 'mmpretrain':
            for loader in (cfg.train_dataloader, cfg.val_dataloader,
                           cfg.test_dataloader):
                loader.batch_size = 4
                loader.dataset.data_prefix = 'train'
        return cfg

    return read


@pytest.mark.slow
@pytest.mark.parametrize('path', VARIANTS, ids=lambda path: path.stem)
def test_variant(path, prepared, tmp_path, record_property):
    cfg = prepared(path)
    config = write(cfg, tmp_path / 'config.py')
    run_tool('tools/train.py', config)
    values = losses(cfg.work_dir)
    assert len(values) == ITERS
    assert all(torch.isfinite(torch.tensor(value)) for value in values)
    record_property('cell', 'train')

    last = Path(cfg.work_dir, f'iter_{ITERS}.pth')
    if cfg.get('test_cfg') is not None:
        run_tool('tools/test.py', config, last, '--work-dir',
                 tmp_path / 'test')
        assert metrics(tmp_path / 'test')
        record_property('cell', 'test')

    half = Path(cfg.work_dir, f'iter_{ITERS // 2}.pth')
    (tmp_path / 'again').mkdir()
    shutil.copy(half, tmp_path / 'again')
    (tmp_path / 'again/last_checkpoint').write_text(
        str(tmp_path / 'again' / half.name))
    run_tool('tools/train.py', config, '--work-dir', tmp_path / 'again',
             '--resume')
    one, other = (
        torch.load(folder / last.name, weights_only=False)
        for folder in (Path(cfg.work_dir), tmp_path / 'again'))
    assert_equal(one['state_dict'], other['state_dict'])
    assert_equal(one['optimizer'], other['optimizer'])
    record_property('cell', 'exact resume')
