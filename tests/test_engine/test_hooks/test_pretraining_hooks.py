"""Export of a pre-training, and the check of what is loaded from it."""
from types import SimpleNamespace

import pytest
import torch
from mmengine.config import ConfigDict
from mmseg.models import SegTTAModel
from mmseg.registry import MODELS
from mmseg.utils import register_all_modules
from toys import fake_runner

from mmseg_ext.engine.hooks import check_loaded_keys_hook  # isort: skip
from mmseg_ext.engine.hooks import (CheckLoadedKeysHook,
                                    DenoisingVisualizationHook,
                                    ExportPretrainedHook)

register_all_modules()
SEGMENTOR = ConfigDict(
    type='EncoderDecoder',
    data_preprocessor=dict(type='SegDataPreProcessor', size_divisor=1),
    backbone=dict(
        type='HybridVisionTransformer',
        img_size=32,
        base_channels=4,
        stage_blocks=(1, 1, 1),
        num_groups=2,
        embed_dims=8,
        num_layers=1,
        num_heads=2,
        feedforward_channels=8),
    decode_head=dict(
        type='TransUNetHead',
        in_channels=(4, 16, 32, 8),
        head_channels=8,
        decoder_channels=(8, 8, 4),
        num_classes=3))


@pytest.fixture
def algorithm():
    return MODELS.build(
        dict(
            type='DenoisingPretraining',
            segmentor=SEGMENTOR,
            noise=dict(sigma=0.2)))


@pytest.fixture
def exported(algorithm, tmp_path):
    runner = fake_runner(algorithm, iteration=7, work_dir=str(tmp_path))
    hook = ExportPretrainedHook()
    hook.before_train(runner)
    hook.after_train(runner)
    return tmp_path / 'pretrained.pth'


def test_export(algorithm, exported):
    checkpoint = torch.load(exported)
    meta, state = checkpoint['meta'], checkpoint['state_dict']
    assert meta['iter'] == 7 and meta['variant'] == 'google'
    # three classes too, and yet not loaded: never the projection
    assert set(meta['dropped_keys']) == {
        'decode_head.conv_seg.weight', 'decode_head.conv_seg.bias'
    }
    own = MODELS.build(SEGMENTOR).state_dict()
    assert own.keys() - state.keys() == set(meta['dropped_keys'])
    assert state.keys() <= own.keys()
    for key, value in algorithm.segmentor.state_dict().items():
        assert key not in state or torch.equal(value, state[key])
    assert [path.name
            for path in exported.parent.iterdir()] == ['pretrained.pth']


def test_export_at_a_checkpoint(algorithm, tmp_path):
    path = tmp_path / 'there' / 'model.pth'
    hook = ExportPretrainedHook(str(path))
    hook.before_save_checkpoint(
        fake_runner(algorithm, work_dir=str(tmp_path)), {})
    assert path.exists()


def test_export_of_one_iteration(algorithm, tmp_path):
    path = tmp_path / 'model.pth'
    hook = ExportPretrainedHook(str(path), iteration=8)
    for iteration in (6, 8):  # of checkpoints 7 and 9
        hook.before_save_checkpoint(
            fake_runner(
                algorithm, iteration=iteration, work_dir=str(tmp_path)), {})
    hook.after_train(fake_runner(algorithm, 9, work_dir=str(tmp_path)))
    assert not path.exists()
    hook.before_save_checkpoint(
        fake_runner(algorithm, iteration=7, work_dir=str(tmp_path)), {})
    assert torch.load(path)['meta']['iter'] == 8


def test_export_of_another_algorithm(tmp_path):
    """Its segmentor, without the classifier, as of the plain one."""
    cfg = dict(type='DomainAdaptation', segmentor=SEGMENTOR)
    model = MODELS.build(cfg)
    runner = fake_runner(
        model, work_dir=str(tmp_path), cfg=ConfigDict(model=cfg))
    hook = ExportPretrainedHook()
    hook.before_train(runner)
    hook.before_save_checkpoint(runner, {})
    checkpoint = torch.load(tmp_path / 'pretrained.pth')
    state, own = checkpoint['state_dict'], model.segmentor.state_dict()
    assert own.keys() - state.keys() == {
        'decode_head.conv_seg.weight', 'decode_head.conv_seg.bias'
    }
    assert all(torch.equal(state[key], own[key]) for key in state)
    load(MODELS.build(SEGMENTOR), checkpoint)


def test_export_needs_a_config_of_the_head(tmp_path):
    """Told ahead of the training, not at its first checkpoint."""
    runner = fake_runner(
        MODELS.build(SEGMENTOR),
        work_dir=str(tmp_path),
        cfg=ConfigDict(model=dict(type='Another')))
    with pytest.raises(TypeError, match='a decode_head, or .*EncoderDecoder'):
        ExportPretrainedHook().before_train(runner)


def test_export_needs_a_pretraining(tmp_path):
    runner = fake_runner(torch.nn.Linear(1, 1), work_dir=str(tmp_path))
    with pytest.raises(TypeError, match='ExportPretrainedHook'):
        ExportPretrainedHook().before_train(runner)
    with pytest.raises(TypeError, match='DenoisingVisualizationHook'):
        DenoisingVisualizationHook().before_train(runner)
    for name in ('interval', 'num_images'):
        with pytest.raises(ValueError, match=name):
            DenoisingVisualizationHook(**{name: 0})


def load(model, checkpoint, **options):
    runner = SimpleNamespace(model=model)
    CheckLoadedKeysHook(**options).after_load_checkpoint(runner, checkpoint)


def test_check_tells_in_one_line(exported, monkeypatch):
    lines = []
    monkeypatch.setattr(check_loaded_keys_hook, 'print_log',
                        lambda line, logger: lines.append(line))
    load(MODELS.build(SEGMENTOR), torch.load(exported))
    count = len(MODELS.build(SEGMENTOR).state_dict())
    assert lines == [
        f'Loaded {count - 2} of {count} weights; from random ones start: '
        'decode_head.conv_seg.weight, decode_head.conv_seg.bias.'
    ]


def test_check_looks_through_augmentation_at_test(exported):
    """The stock test tool wraps the model when it is given --tta."""
    checkpoint = torch.load(exported)
    load(SegTTAModel(module=SEGMENTOR), checkpoint)
    checkpoint['state_dict'].popitem(last=False)
    with pytest.raises(ValueError, match="'backbone.* is missing"):
        load(SegTTAModel(module=SEGMENTOR), checkpoint)


def test_check_allows_auxiliary_heads_and_algorithms(exported):
    checkpoint = torch.load(exported)
    cfg = ConfigDict(
        SEGMENTOR,
        auxiliary_head=dict(
            type='FCNHead', in_channels=8, channels=4, num_classes=3))
    load(MODELS.build(cfg), checkpoint)
    # an algorithm around the segmentor, whose own parts are not asked for
    eln = torch.nn.ModuleDict(dict(segmentor=MODELS.build(SEGMENTOR)))
    load(eln, checkpoint)


@pytest.mark.parametrize('change,reason', [
    (lambda state: state.pop('decode_head.blocks.0.conv1.conv.weight'),
     'blocks.0.conv1.conv.weight.*is missing'),
    (lambda state: state.update({'backbone.norm.weight': torch.ones(5)}),
     r'should be \(8,\) but is \(5,\)'),
    (lambda state: state.clear(), 'is missing'),
])
def test_check_refuses(exported, change, reason):
    checkpoint = torch.load(exported)
    change(checkpoint['state_dict'])
    with pytest.raises(ValueError, match=reason):
        load(MODELS.build(SEGMENTOR), checkpoint)


def test_check_lets_the_position_embedding_be_fitted(exported):
    cfg = ConfigDict(SEGMENTOR)
    cfg.backbone = dict(SEGMENTOR.backbone, img_size=64)
    checkpoint = torch.load(exported)
    before = checkpoint['state_dict']['backbone.pos_embed']
    load(MODELS.build(cfg), checkpoint)
    assert checkpoint['state_dict']['backbone.pos_embed'] is before


def test_check_refuses_another_variant(exported):
    cfg = ConfigDict(SEGMENTOR)
    cfg.backbone = dict(SEGMENTOR.backbone, variant='transunet')
    with pytest.raises(ValueError, match="variant='google'"):
        load(MODELS.build(cfg), torch.load(exported))


def test_check_with_names_of_a_user(exported):
    checkpoint = torch.load(exported)
    del checkpoint['meta']
    with pytest.raises(ValueError, match='conv_seg'):
        load(MODELS.build(SEGMENTOR), checkpoint)
    load(
        MODELS.build(SEGMENTOR),
        checkpoint,
        allowed_missing=[r'decode_head\.conv_seg'])
