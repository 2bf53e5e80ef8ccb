"""Every algorithm around every segmentor, and algorithms one after another.

By config alone, some iterations each, through ``tools/train.py``. A pair that
does not go together must be refused in one sentence ahead of the first
iteration. ``tools/check_matrix.py --table composition`` writes the table.
"""
import math
import os
import os.path as osp

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmengine.utils import ManagerMixin
from mmseg.registry import MODELS

from .method_battery import (assert_equal, losses, metrics, relocate,
                             short_config, write)
from .segmentors import SEGMENTORS, build_config
from .test_fmwiss import files, read_config  # noqa: F401
from .test_pssl import explained  # noqa: F401
from .tool_runner import REPO, forget_instances, run_tool

ITERS = 4
MASKS = ('Mask2Former', 'OneFormer')
# What is refused, and by which words.
REFUSED = {
    **{
        ('ELN', name): 'does not classify pixels'
        for name in MASKS
    },
    **{
        ('FCNs in the Wild', name): "level is 'decode_head.feature', but"
        for name in MASKS
    },
    **{
        ('DeP', name): 'which classifies masks'
        for name in MASKS
    },
    **{
        ('FMWISS', name): 'which classifies masks'
        for name in MASKS
    },
}


@pytest.fixture
def short(toystreet, tmp_path):
    """Read a config, shortened as the batteries do."""

    def read(path, name='work', iters=ITERS):
        cfg = short_config(f'configs/{path}', toystreet, tmp_path / name,
                           iters)
        cfg = Config(
            relocate(cfg.to_dict(), 'data/unlabeled_toystreet',
                     str(toystreet)))
        sampler = cfg.train_dataloader.sampler
        if 'source_sizes' in sampler:
            sampler.source_sizes = dict.fromkeys(sampler.source_sizes, 2)
            cfg.train_dataloader.batch_size = 2 * len(sampler.source_sizes)
        else:
            cfg.train_dataloader.batch_size = 2
        cfg.train_dataloader.num_workers = 0
        cfg.train_dataloader.persistent_workers = False
        # one picture of what is drawn is enough
        for hook in cfg.default_hooks.values():
            if 'interval' in hook and 'Visualization' in hook['type']:
                hook['interval'] = 1000
        cfg.work_dir = str(tmp_path / name)
        return cfg

    return read


@pytest.fixture(scope='session')
def class_sizes(toystreet, tmp_path_factory):
    """Class sizes of this ToyStreet, for the size constraint."""
    path = tmp_path_factory.mktemp('sizes') / 'class_sizes.json'
    run_tool('tools/dataset_converters/class_size_statistics.py',
             f'{REPO}/configs/_base_/datasets/toystreet_day_to_dusk.py', path,
             '--cfg-options',
             f'train_dataloader.dataset.source.data_root={toystreet}/day')
    return str(path)


class Composed:
    """Configs of the algorithms around a segmentor.

    Args:
        short (Callable): Reads a shortened config.
        request (FixtureRequest): For the files that an algorithm needs.
    """

    def __init__(self, short, request):
        self.short = short
        self.request = request

    def eln(self, name):
        # the stages take 1, 2 and the rest
        cfg = self.short('eln/eln_toystreet.py', iters=5)
        cfg.model.segmentor = build_config(name)
        return cfg

    def adaptsegnet(self, name):
        cfg = self.short('adaptsegnet/adaptsegnet_single_toystreet.py')
        cfg.model.segmentor = build_config(name)
        return cfg

    def advent(self, name):
        cfg = self.adaptsegnet(name)
        cfg.model.adversaries[0].align = 'self_information'
        return cfg

    def minent(self, name):
        cfg = self.short('advent/minent_toystreet.py')
        cfg.model.segmentor = build_config(name)
        cfg.model.target_losses = cfg.model.target_losses[:1]
        return cfg

    def fcns_in_the_wild(self, name):
        cfg = self.short('fcns_in_the_wild/fcns_toystreet.py')
        cfg.model.segmentor = build_config(name)
        cfg.model.target_losses[0].stats = self.request.getfixturevalue(
            'class_sizes')
        return cfg

    def denoising(self, name):
        cfg = self.short('denoising_pretraining/dep_pretrain_toystreet.py')
        cfg.model.segmentor = build_config(name)
        cfg.default_hooks.export_pretrained.path = None
        return cfg

    def pssl(self, name):
        cfg = self.short('pssl/pssl_pretrain_toystreet.py')
        folder = str(self.request.getfixturevalue('explained'))
        cfg = Config(relocate(cfg.to_dict(), 'data', folder))
        segmentor = build_config(name, num_classes=6)
        for head in heads(segmentor):
            head.ignore_index = 6
        segmentor.data_preprocessor = cfg.model.data_preprocessor
        cfg.model = segmentor
        cfg.default_hooks.export_pretrained.path = None
        return cfg

    def fmwiss(self, name):
        return self.incremental_step(
            build_config(name, num_classes=10),
            build_config(name, num_classes=7))

    def incremental_step(self, segmentor, old, load_from=None):
        """Step 1 on what a segmentor of the old classes has learnt."""
        cfg = self.short('fmwiss/fmwiss_toystreet.py')
        init_default_scope('mmseg')
        folder = self.request.getfixturevalue('files')
        toystreet = self.request.getfixturevalue('toystreet')
        data = read_config('fmwiss_toystreet', toystreet, folder, cfg.work_dir)
        cfg.train_dataloader.dataset = data.train_dataloader.dataset
        cfg.co_segmentor = data.co_segmentor
        cfg.model.segmentor = segmentor
        plain = MODELS.build(old)
        image = torch.randn(2, 3, 96, 128)
        channels = plain.extract_feat(image)[-1].shape[1]
        cfg.model.teacher = dict(
            type='ASPPHead',
            in_channels=channels,
            in_index=-1,
            channels=16,
            dilations=(1, 2))
        if load_from is None:
            meta = torch.load(folder / 'base.pth')['meta']
            os.makedirs(cfg.work_dir)
            load_from = osp.join(cfg.work_dir, 'base.pth')
            torch.save(
                dict(meta=meta, state_dict=plain.state_dict()), load_from)
        cfg.load_from = load_from
        return cfg


def heads(segmentor):
    """Configs of all heads of a segmentor."""
    found = []
    for key in ('decode_head', 'auxiliary_head'):
        entry = segmentor.get(key) or []
        found += entry if isinstance(entry, list) else [entry]
    return found


ALGORITHMS = {
    'ELN': Composed.eln,
    'AdaptSegNet': Composed.adaptsegnet,
    'AdvEnt': Composed.advent,
    'MinEnt': Composed.minent,
    'FCNs in the Wild': Composed.fcns_in_the_wild,
    'DeP': Composed.denoising,
    'PSSL': Composed.pssl,
    'FMWISS': Composed.fmwiss,
}
PAIRS = [(algorithm, segmentor) for algorithm in ALGORITHMS
         for segmentor in SEGMENTORS]


@pytest.mark.slow
@pytest.mark.parametrize(
    'algorithm, segmentor', PAIRS, ids=[' around '.join(x) for x in PAIRS])
def test_composes(algorithm, segmentor, short, request, tmp_path,
                  record_property):
    composed = Composed(short, request)
    refused = REFUSED.get((algorithm, segmentor))
    if refused:
        with pytest.raises((ValueError, TypeError), match=refused) as error:
            train(ALGORITHMS[algorithm](composed, segmentor), tmp_path)
        assert '\n' not in str(error.value)
        record_property('reason', str(error.value))
        return
    cfg = ALGORITHMS[algorithm](composed, segmentor)
    train(cfg, tmp_path)
    record_property('cell', 'ok')


def train(cfg, tmp_path):
    """A run with all its losses finite, and the validation at its end."""
    run_tool('tools/train.py', write(cfg, tmp_path / 'config.py'))
    values = losses(cfg.work_dir)
    assert len(values) == cfg.train_cfg.max_iters
    assert all(map(math.isfinite, values))
    return osp.join(cfg.work_dir, f'iter_{cfg.train_cfg.max_iters}.pth')


def state_of(path):
    return torch.load(path, map_location='cpu')['state_dict']


def check_start(cfg, expected):
    """The segmentor begins with these weights."""
    forget_instances(ManagerMixin)
    runner = Runner.from_cfg(cfg.copy())
    runner.load_or_resume()
    model = getattr(runner.model, 'segmentor', runner.model)
    state = model.state_dict()
    assert expected
    assert_equal({key: state[key] for key in expected}, dict(expected))


def segmentor_state(checkpoint, tmp_path):
    """The plain segmentor of a run, as a file and as its weights."""
    plain = tmp_path / 'plain.pth'
    run_tool('tools/model_converters/extract_segmentor.py', checkpoint, plain)
    return str(plain), state_of(plain)


@pytest.mark.slow
@pytest.mark.parametrize('segmentor', ['DeepLabV3+', 'UPerNet, Swin'])
def test_denoising_then_eln_then_advent(segmentor, short, request, tmp_path):
    """Pre-trained without labels, then few of them, then another domain."""
    composed = Composed(short, request)
    cfg = composed.denoising(segmentor)
    cfg.model.frozen = ('backbone', )
    train(cfg, tmp_path)
    exported = osp.join(cfg.work_dir, 'pretrained.pth')

    cfg = composed.eln(segmentor)
    cfg.load_from = exported
    cfg.work_dir = str(tmp_path / 'eln')
    check_start(cfg, state_of(exported))
    plain, state = segmentor_state(train(cfg, tmp_path), tmp_path)

    cfg = composed.advent(segmentor)
    cfg.load_from = plain
    cfg.work_dir = str(tmp_path / 'advent')
    check_start(cfg, state)
    train(cfg, tmp_path)
    run_tool('tools/test.py', tmp_path / 'config.py',
             osp.join(cfg.work_dir, f'iter_{ITERS}.pth'), '--work-dir',
             tmp_path / 'test')
    assert 'mIoU' in metrics(tmp_path / 'test')


@pytest.mark.slow
def test_pssl_then_fmwiss(short, request, toystreet, tmp_path):
    """A pre-trained segmentor learns the old classes, then the new ones."""
    composed = Composed(short, request)
    cfg = composed.pssl('DeepLabV3+')
    train(cfg, tmp_path)
    exported = osp.join(cfg.work_dir, 'pretrained.pth')

    folder = request.getfixturevalue('files')
    base = read_config('fmwiss_base_toystreet', toystreet, folder,
                       tmp_path / 'base', ITERS)
    base.load_from = exported
    old = build_config('DeepLabV3+', num_classes=7)
    old.data_preprocessor = base.model.data_preprocessor
    base.model = old
    state = state_of(exported)
    check_start(base, state)
    learnt = train(base, tmp_path)

    step = composed.incremental_step(
        build_config('DeepLabV3+', num_classes=10), old, load_from=learnt)
    train(step, tmp_path)
    run_tool('tools/test.py', tmp_path / 'config.py',
             osp.join(step.work_dir, f'iter_{ITERS}.pth'), '--work-dir',
             tmp_path / 'test')
    assert {'mIoU_old', 'mIoU_new'} <= set(metrics(tmp_path / 'test'))
