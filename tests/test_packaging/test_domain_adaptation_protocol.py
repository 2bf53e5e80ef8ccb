"""The configs of domain adaptation hold what their papers say."""
import re
from functools import lru_cache
from pathlib import Path

import mmseg
import pytest
import torch
from mmengine.config import Config
from mmengine.fileio import load
from mmengine.optim import build_optim_wrapper
from mmseg.registry import MODELS
from mmseg.utils import register_all_modules

from mmseg_ext.datasets.class_size_statistics import ClassSizeStatistics

register_all_modules()
FOLDERS = ('adaptsegnet', 'advent', 'fcns_in_the_wild')
GTA = 'gta2cityscapes-512x1024'
SYNTHIA = 'synthia2cityscapes-512x1024'
ADAPTSEGNET = f'adaptsegnet_r101-deeplabv2_150k_{GTA}'
ADVENT = f'advent_r101-deeplabv2_120k_{GTA}'


@pytest.fixture(scope='module')
def read(repo):
    """Read a config once."""
    patch = pytest.MonkeyPatch()
    # For each base of mmseg, mmengine reads all of mmseg's metafiles anew.
    patch.setattr('mmengine.config.utils.load', lru_cache(load))

    @lru_cache(maxsize=None)
    def function(name):
        path, = (
            path for folder in FOLDERS
            for path in (repo / 'configs' / folder).glob(f'{name}.py'))
        return Config.fromfile(str(path))

    yield lambda name: function(name).copy()
    patch.undo()


@pytest.fixture
def build(read, monkeypatch):
    """Build model and optimiser of a config without memory for weights."""

    def fake_statistics(cls, source, field='stats'):
        count = 16 if '_16' in source else 19
        share = (0.1, ) * count
        return cls(
            tuple(map(str, range(count))), 1, (1, ) * count, (1, ) * count,
            share, share, share)

    monkeypatch.setattr(ClassSizeStatistics, 'load',
                        classmethod(fake_statistics))

    def function(name):
        cfg = read(name)
        device = 'meta'
        if 'segformer' in name:  # its stochastic depth needs real numbers
            cfg.model.segmentor.backbone.num_layers, device = [1] * 4, 'cpu'
        with torch.device(device):
            model = MODELS.build(cfg.model)
            return model, build_optim_wrapper(model, cfg.optim_wrapper)

    return function


def rates(wrapper):
    """Initial learning rates by component."""
    return {
        name: {group['lr']
               for group in optimizer.param_groups}
        for name, optimizer in wrapper.optimizer.optimizers.items()
    }


# Config: levels, representation and weights of the adversaries.
ADVERSARIAL = {
    ADAPTSEGNET:
    dict(
        decode_head=('Probability', 1e-3),
        auxiliary_head=('Probability', 2e-4)),
    f'adaptsegnet_single_r101-deeplabv2_150k_{SYNTHIA}':
    dict(decode_head=('Probability', 1e-3)),
    f'adaptsegnet_lsgan_r101-deeplabv2_150k_{GTA}':
    dict(decode_head=('Probability', 1e-2)),
    ADVENT:
    dict(
        decode_head=('SelfInformation', 1e-3),
        auxiliary_head=('SelfInformation', 2e-4)),
    f'advent_single_r101-deeplabv2_90k_{SYNTHIA}':
    dict(decode_head=('SelfInformation', 1e-3)),
    'advent_segformer-b5_40k_gta2cityscapes-512x512_rcs':
    dict(decode_head=('SelfInformation', 1e-3)),
    f'fcns_vgg16-fcn_40k_{SYNTHIA}': {
        'decode_head.feature': ('Feature', 0.)
    },
}


@pytest.mark.parametrize('name', ADVERSARIAL)
def test_adversaries(build, name):
    model, wrapper = build(name)
    found = {
        player.level:
        (type(player.representation).__name__.replace('Representation', ''),
         player.loss_weight())
        for player in model.adversaries
    }
    assert found == ADVERSARIAL[name]
    assert rates(wrapper)['adversaries'] == {1e-4}
    lsgan = 'LeastSquaresAdversarialLoss'
    assert ('lsgan' in name) == (
        type(model.adversaries[0].gan_loss).__name__ == lsgan)
    single = all('auxiliary_head' not in level for level in found)
    assert single == (not model.segmentor.with_auxiliary_head)
    classes = 16 if 'synthia' in name and 'adaptsegnet' not in name else 19
    assert model.num_classes == classes


@pytest.mark.parametrize('name', [
    f'minent_r101-deeplabv2_120k_{GTA}',
    f'minent_er_r101-deeplabv2_120k_{GTA}',
    f'minent_cp_r101-deeplabv2_90k_{SYNTHIA}',
    f'source_only_r101-deeplabv2_150k_{SYNTHIA}',
    f'bn_control_r101-deeplabv2_150k_{GTA}',
    f'fcns_ca_vgg16-fcn_40k_{GTA}',
])
def test_without_adversaries(build, name):
    model, wrapper = build(name)
    assert list(rates(wrapper)) == ['segmentor']
    assert model.forward_target == ('source_only' not in name)
    entropies = [
        loss for loss in model.target_losses
        if type(loss).__name__ == 'EntropyLoss'
    ]
    assert [loss.loss_weight() for loss in entropies
            ] == ([1e-3, 2e-4] if 'minent' in name else [])
    assert all(loss.top_ratio == (0.3 if '_er_' in name else 1)
               for loss in entropies)


def test_schedule(read):
    """(1 - i / 250000) ** 0.9 for both optimisers."""
    for name, end, stop in ((ADAPTSEGNET, 250001, 150000), (ADVENT, 250001,
                                                            120000),
                            (f'advent_r101-deeplabv2_90k_{SYNTHIA}', 90001,
                             90000)):
        cfg = read(name)
        schedule, = cfg.param_scheduler
        assert (schedule.type, schedule.begin, schedule.end) == ('PolyLR', 0,
                                                                 end)
        assert (schedule.power, schedule.eta_min) == (0.9, 0)
        assert cfg.train_cfg.max_iters == stop


def test_recipe_on_a_stock_schedule_has_adam_decay(repo, tmp_path):
    """Stock schedules end at 1e-4, which is Adam's rate."""
    page = (repo / 'configs/adaptsegnet/README.md').read_text()
    recipe, = re.findall(r'```python\n(_base_ = .*?)```', page, re.S)
    stock = Path(mmseg.__file__).parent / '.mim/configs/_base_'
    bases = [
        f'{stock}/{name}.py'
        for name in ('models/fcn_r50-d8', 'datasets/cityscapes',
                     'schedules/schedule_40k', 'default_runtime')
    ]
    path = tmp_path / 'recipe.py'
    path.write_text(recipe.replace("['path/to/your_config.py']", repr(bases)))
    cfg = Config.fromfile(str(path))
    assert cfg.optim_wrapper.optimizer.adversaries.lr == 1e-4
    schedule, = cfg.param_scheduler
    assert schedule.eta_min == 0 and schedule.end == cfg.train_cfg.max_iters


def test_rates_of_paper_and_code(build):
    paper, official = (
        build(name)[1] for name in (ADAPTSEGNET, f'{ADAPTSEGNET}_official'))
    assert rates(paper)['segmentor'] == {2.5e-4, 2.5e-3}
    assert rates(official)['segmentor'] == {7.5e-4, 2.5e-3}
    head = build(f'{ADAPTSEGNET}_official')[0].decode_head
    assert len(head.conv_seg.convs) == 2 and not head.resize_to_input
    one_rate = build(f'adaptsegnet_vgg16-deeplabv2_150k_{GTA}')[1]
    assert rates(one_rate)['segmentor'] == {2.5e-4}


def test_frozen_affine_parameters_stay_out(build):
    model, _ = build(ADAPTSEGNET)
    norms = [
        module for module in model.segmentor.backbone.modules()
        if isinstance(module, torch.nn.BatchNorm2d)
    ]
    assert norms and all(norm.training for norm in norms)
    assert not any(norm.weight.requires_grad for norm in norms)


def test_ensemble(read):
    cfg = read(f'advent_minent_ensemble_r101-deeplabv2_120k_{GTA}')
    cfg.model.checkpoints = None
    with torch.device('meta'):
        model = MODELS.build(cfg.model)
    assert model.weights == (0.5, 0.5) and len(model.models) == 2


def test_metafiles_are_complete(repo):
    for folder in FOLDERS:
        content = load(str(repo / 'configs' / folder / 'metafile.yaml'))
        files = {p.stem for p in (repo / 'configs' / folder).glob('*.py')}
        assert {model['Name'] for model in content['Models']} == files


@pytest.mark.slow
@pytest.mark.parametrize('folder', FOLDERS)
def test_every_config_builds(repo, read, build, folder):
    content = load(str(repo / 'configs' / folder / 'metafile.yaml'))
    for entry in content['Models']:
        name, batch = entry['Name'], entry['Metadata']['Batch Size']
        cfg = read(name)
        assert cfg.auto_scale_lr.base_batch_size == batch, name
        on_one_gpu = batch // 8 if name.endswith('_8gpu') else batch
        assert cfg.train_dataloader.batch_size == on_one_gpu, name
        sizes = cfg.train_dataloader.sampler.source_sizes
        assert sizes.source == sizes.target == on_one_gpu // 2, name
        if cfg.model.type == 'DomainAdaptation' and '2city' in name:
            model, wrapper = build(name)
            assert len(rates(wrapper)) == 1 + bool(len(model.adversaries))
