"""The configs of denoising pre-training hold what paper and README say."""
import re
from functools import lru_cache

import pytest
import torch
from mmengine.config import Config
from mmengine.fileio import load
from mmengine.optim import build_optim_wrapper
from mmseg.registry import MODELS
from mmseg.utils import register_all_modules

register_all_modules()
PRETRAIN = '500k_imagenet21k-224x224'
FRACTIONS = {
    'cityscapes':
    dict(
        zip(('1_30', '1_16', '1_8', '1_4', '1_2', ''), (5, 5, 5, 10, 20, 40))),
    'context59':
    dict(
        zip(('1_100', '1_20', '1_10', '1_5', '1_2', ''),
            (5, 5, 5, 8, 20, 40))),
    'context60': {
        '': 40
    },
    'ade20k':
    dict(
        zip(('1_100', '1_20', '1_10', '1_5', '1_2', ''), (5, 5, 5, 8, 20, 40)))
}
CLASSES = dict(cityscapes=19, context59=59, context60=60, ade20k=150)
CROPS = dict(
    cityscapes=(512, 1024),
    context59=(480, 480),
    context60=(480, 480),
    ade20k=(512, 512))
RUNS = [(data, fraction) for data in FRACTIONS for fraction in FRACTIONS[data]]


@pytest.fixture(scope='module')
def read(repo):
    """Read a config once."""
    patch = pytest.MonkeyPatch()
    # For each base of mmseg, mmengine reads all of mmseg's metafiles anew.
    patch.setattr('mmengine.config.utils.load', lru_cache(load))

    @lru_cache(maxsize=None)
    def function(name):
        folder = repo / 'configs' / 'denoising_pretraining'
        return Config.fromfile(str(folder / f'{name}.py'))

    yield lambda name: function(name).copy()
    patch.undo()


@pytest.mark.parametrize('data,fraction', RUNS)
def test_four_initialisations_differ_in_nothing_else(read, data, fraction):
    iters = FRACTIONS[data][fraction]
    crop = 'x'.join(map(str, CROPS[data]))
    data_name = f'{data}-{fraction}' if fraction else data
    tag = f'transunet_{iters}k_{data_name}-{crop}'
    random, supervised, dep, ddep = (
        read(f'{name}_{tag}')
        for name in ('random', 'supervised', 'dep', 'ddep'))
    assert random.get('load_from') is None
    assert random.model.backbone.get('init_cfg') is None
    assert supervised.get('load_from') is None
    assert supervised.model.backbone.init_cfg.type == 'Pretrained'
    for name, cfg in (('dep', dep), ('ddep', ddep)):
        assert cfg.load_from == (
            f'work_dirs/{name}_pretrain_transunet_{PRETRAIN}/pretrained.pth')
        assert 'check_loaded_keys' in cfg.default_hooks
    for cfg in (random, supervised, dep, ddep):
        assert cfg.train_dataloader == random.train_dataloader
        assert cfg.optim_wrapper == random.optim_wrapper
        assert cfg.param_scheduler == random.param_scheduler
        assert cfg.train_cfg.max_iters == 1000 * iters
        assert cfg.param_scheduler[-1].end == 1000 * iters
        assert cfg.model.decode_head == random.model.decode_head
    assert random.model.decode_head.num_classes == CLASSES[data]
    dataset = random.train_dataloader.dataset.dataset
    crops = [t for t in dataset.pipeline if t.type == 'RandomCrop']
    assert tuple(crops[0].crop_size) == CROPS[data]
    if fraction:
        assert f'/{fraction}/labeled_seed0.txt' in dataset.ann_file
    scale, = (t for t in dataset.pipeline if t.type == 'RandomResize')
    assert tuple(scale.ratio_range) == (0.5, 2.0)
    assert 'PhotoMetricDistortion' in [t.type for t in dataset.pipeline]


def test_finetuning_schedule(read):
    cfg = read('random_transunet_40k_cityscapes-512x1024')
    assert cfg.train_dataloader.batch_size == 16
    cfg.model.decode_head.norm_cfg.type = 'BN'
    with torch.device('meta'):
        model = MODELS.build(cfg.model)
    wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    names = {id(p): name for name, p in model.named_parameters()}
    for group in wrapper.optimizer.param_groups:
        name = names[id(group['params'][0])]
        head = name.startswith('decode_head')
        assert group['lr'] == pytest.approx(6e-4 if head else 6e-5), name
        assert group['weight_decay'] in (0., 0.01)
    warm_up, poly = cfg.param_scheduler
    assert (warm_up.end, poly.power, poly.end) == (1500, 0.9, 40000)


@pytest.mark.parametrize('name,frozen', [('dep', ()),
                                         ('ddep', ('backbone', ))])
def test_pretraining_of_transunet(read, name, frozen):
    """The defaults of the public code; 7 % of the weights in DDeP."""
    cfg = read(f'{name}_pretrain_transunet_{PRETRAIN}')
    assert tuple(cfg.model.frozen) == frozen
    optimizer = cfg.optim_wrapper.optimizer
    assert (optimizer.type, optimizer.lr) == ('Adam', 1e-4)
    schedule, = cfg.param_scheduler
    assert schedule.type == 'CosineAnnealingLR' and schedule.eta_min == 0
    assert cfg.auto_scale_lr.base_batch_size == 8 * 32
    assert cfg.model.noise == dict(sigma=0.22, process='scaled')
    model = MODELS.build(cfg.model)
    assert model.output_stride == 1
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    assert trained == {(): 105276211, ('backbone', ): 7387635}[frozen]


def test_ablations(read):
    base = read(f'ddep_pretrain_transunet_{PRETRAIN}').model
    assert base.get('target', 'noise') == 'noise'
    for suffix, change in (('simple', dict(noise=dict(process='simple'))),
                           ('uniform', dict(noise=dict(sigma=(0.2, 0.3)))),
                           ('image-target', dict(target='image')),
                           ('conditioned',
                            dict(
                                noise=dict(sigma=(0.2, 0.3)),
                                condition=dict()))):
        cfg = read(f'ddep_pretrain_transunet_{PRETRAIN}_{suffix}').model
        for key, value in change.items():
            assert cfg[key] == ({
                **base.get(key, {}),
                **value
            } if isinstance(value, dict) else value)
        assert {
            k: v
            for k, v in cfg.items() if k not in change
        } == {
            k: v
            for k, v in base.items() if k not in change
        }


def test_validation_adds_noise_as_the_training_does(repo, read):
    folder = repo / 'configs' / 'denoising_pretraining'
    for path in folder.glob('*_pretrain_*.py'):
        cfg = read(path.stem)
        for dataloader in (cfg.val_dataloader, cfg.test_dataloader):
            noise, = (
                transform for transform in dataloader.dataset.pipeline
                if transform.type == 'GaussianNoise')
            assert noise.process == cfg.model.noise.process, path.stem
    base, simple = (
        read(f'ddep_pretrain_transunet_{PRETRAIN}{name}').val_dataloader
        for name in ('', '_simple'))
    for one, other in zip(base.dataset.pipeline, simple.dataset.pipeline):
        assert one | dict(process=None) == other | dict(process=None)


@pytest.mark.parametrize('name,stride', [('r50-deeplabv3plus', 4),
                                         ('swin-t-upernet', 4),
                                         ('segformer-b0', 4)])
def test_other_segmentors(read, name, stride):
    cfg = read(f'ddep_pretrain_{name}_{PRETRAIN}')
    model = MODELS.build(cfg.model)
    assert model.output_stride == stride
    assert not model.segmentor.with_auxiliary_head
    assert not any(p.requires_grad for p in model.backbone.parameters())
    fine = read(f'ddep_{name}_5k_cityscapes-1_30-512x1024')
    assert fine.load_from.endswith('pretrained.pth')
    assert fine.model.pretrained is None
    assert fine.model.backbone.get('init_cfg') is None
    usual = read(f'supervised_{name}_5k_cityscapes-1_30-512x1024')
    assert usual.model.pretrained or usual.model.backbone.init_cfg
    assert usual.train_dataloader == fine.train_dataloader
    plain = MODELS.build(fine.model)
    exported, dropped = model.pretrained_state_dict()
    result = plain.load_state_dict(exported, strict=False)
    assert not result.unexpected_keys
    assert {
        key
        for key in result.missing_keys if not key.startswith('auxiliary_head.')
    } == set(dropped) == {
        'decode_head.conv_seg.weight', 'decode_head.conv_seg.bias'
    }


def test_metafile_is_complete(repo, read):
    folder = repo / 'configs' / 'denoising_pretraining'
    models = load(str(folder / 'metafile.yaml'))['Models']
    assert {model['Name']
            for model in models
            } == {path.stem
                  for path in folder.glob('*.py')}
    for model in models:
        if not re.search('context|ade20k', model['Name']):
            cfg = read(model['Name'])
            batch = model['Metadata']['Batch Size']
            assert cfg.auto_scale_lr.base_batch_size == batch, model['Name']
            single = cfg.train_dataloader.batch_size
            assert batch in (single, 8 * single), model['Name']
