"""The configs of PSSL hold what the authors' configs and README say."""
import copy
from functools import lru_cache

import pytest
import torch
from mmengine.config import Config
from mmengine.fileio import load
from mmengine.model import revert_sync_batchnorm
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS, TRANSFORMS
from mmseg.utils import register_all_modules

from mmseg_ext.models.utils.denoising_head import classifier_keys

register_all_modules()
FINE = dict(
    cityscapes=('cityscapes-512x1024', 19),
    voc12aug=('voc12aug-512x512', 21),
    ade20k=('ade20k-512x512', 150))
ITERS = dict(
    pspnet_r50=dict(cityscapes=80, voc12aug=40, ade20k=160),
    deeplabv3_r50=dict(cityscapes=80, voc12aug=40, ade20k=160),
    ocrnet=dict(cityscapes=160, voc12aug=40, ade20k=160))
MODELS_OF = ('pspnet_r50-d8', 'deeplabv3_r50-d8', 'ocrnet_hr18', 'stdc2')
RUNS = [(model, f'{ITERS[model.split("-")[0].split("_hr18")[0]][data]}k_'
         f'{FINE[data][0]}', FINE[data][1]) for model in MODELS_OF[:3]
        for data in FINE] + [('stdc2', '80k_cityscapes-512x1024', 19)]


@pytest.fixture(scope='module')
def read(repo):
    """Read a config once."""
    patch = pytest.MonkeyPatch()
    # For each base of mmseg, mmengine reads all of mmseg's metafiles anew.
    patch.setattr('mmengine.config.utils.load', lru_cache(load))

    @lru_cache(maxsize=None)
    def function(name):
        return Config.fromfile(str(repo / 'configs' / 'pssl' / f'{name}.py'))

    yield lambda name: function(name).copy()
    patch.undo()


def pretraining(model):
    return f'pssl_pretrain_{model}_133k_imagenet-256x256'


def build(cfg):
    init_default_scope('mmseg')
    cfg = copy.deepcopy(cfg)  # building writes into it
    with torch.device('meta'):
        return revert_sync_batchnorm(MODELS.build(cfg))


def strip(cfg):
    """Without the weights that training starts from."""
    cfg = copy.deepcopy(cfg)
    cfg.pretrained = None
    if 'backbone_cfg' in cfg.backbone:
        cfg.backbone.backbone_cfg.init_cfg = None
    return cfg


@pytest.mark.parametrize('model,tag,classes', RUNS)
def test_two_initialisations_differ_in_nothing_else(read, model, tag, classes):
    supervised, pssl = (
        read(f'{name}_{model}_{tag}') for name in ('supervised', 'pssl'))
    assert supervised.get('load_from') is None
    assert supervised.model.get('pretrained') or (
        supervised.model.backbone.backbone_cfg.init_cfg)
    assert pssl.load_from == (f'work_dirs/{pretraining(model)}/pretrained.pth')
    assert pssl.model.get('pretrained') is None
    assert 'check_loaded_keys' in pssl.default_hooks
    assert strip(pssl.model).to_dict() == strip(supervised.model).to_dict()
    for key in ('train_dataloader', 'val_dataloader', 'optim_wrapper',
                'param_scheduler', 'train_cfg'):
        assert pssl[key] == supervised[key]
    heads = pssl.model.decode_head
    for head in heads if isinstance(heads, list) else [heads]:
        assert head.num_classes == classes


@pytest.mark.parametrize('model', MODELS_OF)
def test_pretraining(read, model):
    cfg = read(pretraining(model))
    assert cfg.train_cfg.max_iters == 133450
    assert cfg.default_hooks.checkpoint.interval == 13345
    assert cfg.default_hooks.checkpoint.max_keep_ckpts == -1
    # the fifth epoch
    assert cfg.default_hooks.export_pretrained.iteration == 5 * 13345
    assert cfg.auto_scale_lr.base_batch_size == (
        8 * cfg.train_dataloader.batch_size) == 96
    schedule, = cfg.param_scheduler
    assert (schedule.type, schedule.power, schedule.eta_min) == ('PolyLR', 0.9,
                                                                 0)
    assert cfg.model.data_preprocessor.seg_pad_val == 1001
    for transform in cfg.train_dataloader.dataset.dataset.pipeline:
        assert transform.get('ignore_index', 1001) == 1001
        TRANSFORMS.build(transform.copy())
    heads = []
    for name in ('decode_head', 'auxiliary_head'):
        found = cfg.model.get(name) or []
        heads += found if isinstance(found, list) else [found]
    weights = []
    for head in heads:
        assert (head.num_classes, head.ignore_index) == (1001, 1001)
        loss = head.loss_decode
        assert loss.type == 'BackgroundWeightedCrossEntropyLoss'
        assert (loss.background_index, loss.background_weight) == (1000, 0.1)
        weights.append(loss.get('loss_weight', 1.0))
    assert sorted(weights) == dict(stdc2=[1.0] * 3).get(model, [0.4, 1.0])


@pytest.mark.parametrize('model', MODELS_OF)
def test_what_fine_tuning_gets(read, model):
    """All but the classifiers, and auxiliary heads of another kind."""
    cfg = read(pretraining(model))
    pretrained = build(cfg.model)
    state = pretrained.state_dict()
    for key in classifier_keys(cfg.model):
        assert state.pop(key).shape[0] == 1001, key
    tag = dict((name, tag) for name, tag, _ in RUNS[::-1])[model]
    plain = build(read(f'pssl_{model}_{tag}').model).state_dict()
    assert set(state) <= set(plain)
    assert all(state[key].shape == plain[key].shape for key in state)
    missing = {key.rsplit('.', 1)[0] for key in set(plain) - set(state)}
    assert all('conv_seg' in key or key.startswith('auxiliary_head')
               for key in missing)


@pytest.mark.parametrize('model', MODELS_OF)
def test_rates(read, model):
    cfg = read(pretraining(model))
    optimizer = cfg.optim_wrapper.optimizer
    assert (optimizer.type, optimizer.lr, optimizer.momentum,
            optimizer.weight_decay) == ('SGD', 0.01, 0.9, 5e-4)
    segmentor = build(cfg.model)
    wrapper = build_optim_wrapper(segmentor, cfg.optim_wrapper)
    names = {id(p): name for name, p in segmentor.named_parameters()}
    # STDC's context path stands around the network that classified
    pretrained = 'backbone.backbone.' if model == 'stdc2' else 'backbone.'
    for group in wrapper.optimizer.param_groups:
        for parameter in group['params']:
            slow = names[id(parameter)].startswith(pretrained)
            assert group['lr'] == pytest.approx(0.001 if slow else 0.01)


def test_committee(read):
    explanation = read(pretraining('pspnet_r50-d8')).explanation
    assert len(set(explanation.classifiers)) == 15
    explainer = explanation.explainer
    assert (explainer.type, explainer.num_samples, explainer.noise_level,
            explainer.gradient_of) == ('SmoothGrad', 50, 0.1, 'probability')
    assert explanation.normalization == 'minmax'
    assert explanation.short_side == 224
    pytest.importorskip('mmpretrain.models')
    from mmpretrain import list_models
    known = set(list_models(task='Image Classification'))
    assert set(explanation.classifiers) <= known


def test_toystreet_runs_are_paired(read):
    random, classifier, pssl = (
        read(f'{name}_toystreet')
        for name in ('pssl_random', 'pssl_classifier', 'pssl'))
    for cfg in (classifier, pssl):
        for key in ('train_dataloader', 'optim_wrapper', 'param_scheduler',
                    'train_cfg', 'randomness'):
            assert cfg[key] == random[key]
    assert pssl.model == random.model
    pre = read('pssl_pretrain_toystreet')
    assert pre.default_hooks.export_pretrained.path == pssl.load_from
    assert (pre.model.backbone.init_cfg == classifier.model.backbone.init_cfg)


def test_metafile_is_complete(repo, read):
    folder = repo / 'configs' / 'pssl'
    models = load(str(folder / 'metafile.yaml'))['Models']
    assert {model['Name']
            for model in models
            } == {path.stem
                  for path in folder.glob('*.py')}
    for model in models:
        batch = read(model['Name']).auto_scale_lr.base_batch_size
        assert batch == model['Metadata']['Batch Size'], model['Name']
