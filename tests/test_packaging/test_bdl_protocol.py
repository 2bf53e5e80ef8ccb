"""The configs of BDL hold what paper and code say."""
import runpy
from functools import lru_cache

import pytest
import torch
from mmengine.config import Config
from mmengine.fileio import load
from mmengine.optim import build_optim_wrapper
from mmseg.registry import MODELS
from mmseg.utils import register_all_modules

import mmseg_ext  # noqa: F401

register_all_modules()
GTA, SYNTHIA = 'gta2cityscapes', 'synthia2cityscapes'


@pytest.fixture(scope='module')
def read(repo):
    """Read a config once."""
    patch = pytest.MonkeyPatch()
    # For each base of mmseg, mmengine reads all of mmseg's metafiles anew.
    patch.setattr('mmengine.config.utils.load', lru_cache(load))

    @lru_cache(maxsize=None)
    def function(name):
        return Config.fromfile(str(repo / f'configs/bdl/{name}.py'))

    yield lambda name: function(name).copy()
    patch.undo()


@pytest.mark.parametrize('name, half', [
    (f'125k_{GTA}', 62415),
    (f'47k_{SYNTHIA}', 23500),
])
def test_translation(read, name, half):
    cfg = read(f'cyclegan_resnet9_{name}-452x452')
    with torch.device('meta'):
        model = MODELS.build(cfg.model)
        wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    counts = [
        sum(p.numel() for p in net.parameters())
        for nets in (model.generators, model.discriminators)
        for net in nets.values()
    ]
    assert counts == [11378179] * 2 + [2764737] * 2
    assert (model.adversarial_loss_weight, model.cycle_loss_weight,
            model.identity_loss_weight) == (1, 10, 5)
    assert {pool.size for pool in model.pools.values()} == {50}
    assert model.perceptual is None
    for optimizer in wrapper.optimizer.optimizers.values():
        assert optimizer.defaults['lr'] == 2e-4
        assert optimizer.defaults['betas'] == (0.5, 0.999)
    schedule, = cfg.param_scheduler
    assert (schedule.type, schedule.begin, schedule.end) == ('LinearLR', half,
                                                             2 * half + 1)
    assert cfg.train_cfg.max_iters == 2 * half
    assert cfg.train_dataloader.sampler.source_sizes.to_dict() == dict(
        source=4, target=4)
    for source in ('source', 'target'):
        pipeline = cfg.train_dataloader.dataset[source].pipeline
        sizes = [
            t.get('scale') or t.get('crop_size') for t in pipeline
            if t.type in ('Resize', 'RandomCrop')
        ]
        assert sizes == [(1024, 1024), (452, 452)]
    four = read(f'cyclegan_resnet9_{name}-452x452_4gpu')
    assert 4 * four.train_dataloader.batch_size == 8


def test_rate_falls_to_zero_at_the_end(read):
    cfg = read('cyclegan_toystreet')
    model = torch.nn.ModuleDict(
        dict(
            generators=torch.nn.Linear(1, 1),
            discriminators=torch.nn.Linear(1, 1)))
    wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    from mmseg.registry import PARAM_SCHEDULERS
    schedule = dict(cfg.param_scheduler[0])
    schedule = PARAM_SCHEDULERS.build(dict(schedule, optimizer=wrapper))
    rates = []
    for _ in range(cfg.train_cfg.max_iters):
        rates.append(wrapper.get_lr()['lr'][0])
        wrapper.optimizer.step()
        schedule.step()
    assert rates[0] == rates[500] == 3e-4
    assert rates[750] == pytest.approx(1.5e-4)
    assert 0 < rates[-1] < 2e-6


@pytest.mark.parametrize('data, schedule', [(GTA, '125k'), (SYNTHIA, '47k')])
def test_perceptual_loss(read, data, schedule):
    name = f'resnet9_{schedule}_{data}-452x452'
    for kind, expected in (('perceptual', ('mse', True)), ('perceptual_l1',
                                                           ('l1', False))):
        cfg = read(f'cyclegan_{kind}_{name}').model.perceptual
        cfg.checkpoint = None
        with torch.device('meta'):
            loss = MODELS.build(cfg)
        assert (loss.distance, loss.instance_norm) == expected
        assert (loss.loss_weight, loss.cycle_loss_weight) == (0.1, 10)
        segmentor = loss.segmentor.segmentor
        assert not segmentor.with_auxiliary_head
        assert len(segmentor.decode_head.conv_seg.convs) == 4


@pytest.mark.parametrize('data', [GTA, SYNTHIA])
def test_segmentors(read, data):
    for name, iters, adversaries, losses in (
        ('bdl_translated_r101-deeplabv2_80k', 80000, 0, 0),
        ('bdl_adversarial_r101-deeplabv2_80k', 80000, 1, 0),
        ('bdl_r101-deeplabv2_120k', 120000, 1, 1),
    ):
        cfg = read(f'{name}_{data}-512x1024')
        assert cfg.train_cfg.max_iters == iters
        model = cfg.model
        assert len(model.get('adversaries', ())) == adversaries
        assert len(model.get('target_losses', ())) == losses
        assert model.segmentor.auxiliary_head is None
        assert cfg.optim_wrapper.optimizer.segmentor.lr == 2.5e-4
        assert cfg.param_scheduler[0].end == 250001
        if adversaries:
            assert model.adversaries[0].loss_weight == 1e-3
            assert cfg.optim_wrapper.optimizer.adversaries.lr == 1e-4


@pytest.mark.parametrize('name, pseudo', [
    ('bdl_toystreet', dict(quantile=0.5, cap=0.9)),
    ('bdl_tiny-deeplabv3plus_2k_camvid-day2dusk', dict(quantile=0.5, cap=0.9)),
    (f'bdl_r101-deeplabv2_120k_{GTA}-512x1024', dict(quantile=0.5, cap=0.9)),
    (f'bdl_threshold_r101-deeplabv2_120k_{GTA}-512x1024', dict(fixed=0.9)),
    (f'bdl_threshold_r101-deeplabv2_120k_{SYNTHIA}-512x1024', dict(fixed=0.9)),
])
def test_steps_of_the_loop(repo, read, name, pseudo):
    tool = runpy.run_path(str(repo / 'tools/bdl.py'))
    assert read(name).bdl.pseudo_labels.to_dict() == pseudo
    configs = tool['find_configs'](str(repo / f'configs/bdl/{name}.py'))
    # one segmentor at all of its places
    heads = []
    for kind, path in configs.items():
        cfg = Config.fromfile(path)
        if kind == 'perceptual_translation':
            heads.append(cfg.model.perceptual.segmentor)
            assert cfg.model.perceptual.type == 'PerceptualLoss'
        elif kind != 'translation':
            heads.append(cfg.model.segmentor)
    for head in heads[1:]:
        assert head.to_dict() == heads[0].to_dict()


def test_metafile_is_complete(repo):
    content = load(str(repo / 'configs/bdl/metafile.yaml'))
    files = {p.stem for p in (repo / 'configs/bdl').glob('*.py')}
    assert {model['Name'] for model in content['Models']} == files
