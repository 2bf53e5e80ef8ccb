import importlib.util
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmseg.registry import MODELS
from official_networks import as_checkpoint, random_networks

from mmseg_ext.models.utils.head_capture import capture_head
from mmseg_ext.models.utils.modes import eval_dropout

ROOT = Path(__file__).resolve().parents[3]
CLASSES = 21


@pytest.fixture(scope='module')
def converter():
    path = ROOT / 'tools/model_converters/eln.py'
    spec = importlib.util.spec_from_file_location('eln_converter', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope='module')
def official():
    torch.manual_seed(0)
    return random_networks(CLASSES)


@pytest.fixture(scope='module')
def tiny(official):
    """An official checkpoint whose large dimensions are cut to one."""

    def cut(value):
        return value.new_zeros([n if n < 32 else 1 for n in value.shape])

    return {
        name: {
            key: cut(tensor)
            for key, tensor in value.items()
        } if name.startswith(('enc', 'dec', 'eln')) else value
        for name, value in as_checkpoint(official).items()
    }


@pytest.fixture(scope='module')
def ours(converter, official):
    """Networks of this package with the converted weights, all keys used."""
    state_dict = converter.convert(as_checkpoint(official))
    cfg = Config.fromfile(
        ROOT / 'configs/_base_/models/deeplabv3plus_dense_r50-os16.py').model
    norm_cfg = dict(type='BN', requires_grad=True)
    cfg.pretrained = None
    cfg.backbone.norm_cfg = cfg.decode_head.norm_cfg = norm_cfg
    with DefaultScope.overwrite_default_scope('mmseg'):
        segmentor, teacher = MODELS.build(cfg), MODELS.build(cfg)
    networks = torch.nn.ModuleDict(
        dict(
            segmentor=segmentor,
            projector=MODELS.build(
                dict(type='PixelProjector', in_channels=256)),
            pseudo_filter=MODELS.build(
                dict(
                    type='ErrorLocalizationNetwork',
                    num_classes=CLASSES,
                    align_corners=True)),
            aux_decoders=torch.nn.ModuleList(
                MODELS.build(cfg.decode_head) for _ in range(2)),
            teacher=teacher,
            teacher_projector=MODELS.build(
                dict(type='PixelProjector', in_channels=256))))
    networks.load_state_dict(state_dict, strict=True)
    return networks


@torch.no_grad()
def test_parity(official, ours):
    encoder, decoder, localizer = official[:3]
    for mode in ('eval', 'batch statistics'):
        for network in (*official, ours):
            network.train(mode != 'eval')
        images = torch.randn(
            2, 3, 129, 129, generator=torch.Generator().manual_seed(0))
        top, low = encoder(images)
        logits, projected = decoder(top, low)
        located = localizer(images, logits)

        with eval_dropout(ours), capture_head(
                ours.segmentor.decode_head) as captured:
            feats = ours.segmentor.extract_feat(images)
            found = dict(
                top=feats[3],
                low=feats[0],
                logits=ours.segmentor.decode_head.forward(feats),
                projected=ours.projector(captured.features))
            found['located'] = ours.pseudo_filter(images, found['logits'])
        expected = dict(
            top=top,
            low=low,
            logits=logits,
            projected=projected,
            located=located)
        shapes = dict(
            top=(2, 2048, 9, 9),
            low=(2, 256, 33, 33),
            logits=(2, 21, 33, 33),
            projected=(2, 128, 33, 33),
            located=(2, 1, 33, 33))
        for name, value in expected.items():
            assert found[name].shape == shapes[name]
            scale = max(1., value.abs().max().item())
            difference = (found[name] - value).abs().max().item() / scale
            assert difference < 1e-5, (mode, name, difference, scale)


@torch.no_grad()
def test_auxiliary_decoders(official, ours):
    for network in (*official, ours):
        network.eval()
    feats = [torch.randn(2, 256, 9, 9), None, None, torch.randn(2, 2048, 3, 3)]
    for theirs, mine in zip(official[3:], ours.aux_decoders):
        torch.testing.assert_close(
            mine.forward(feats),
            theirs(feats[3], feats[0])[0],
            rtol=1e-4,
            atol=1e-5)


def test_teacher_is_a_copy_of_the_student(converter, official):
    state_dict = converter.convert(as_checkpoint(official))
    for teacher, student in (('teacher.', 'segmentor.'), ('teacher_projector.',
                                                          'projector.')):
        copied = [key for key in state_dict if key.startswith(teacher)]
        assert copied
        for key in copied:
            original = state_dict[student + key[len(teacher):]]
            assert torch.equal(state_dict[key], original)
            assert state_dict[key].data_ptr() != original.data_ptr()


@pytest.mark.parametrize('suffix', ['', '_official'])
def test_fits_the_config_of_the_paper(converter, official, suffix):
    name = f'eln_r50-deeplabv3plus_133k_voc12aug-1_20-505x505{suffix}.py'
    cfg = Config.fromfile(ROOT / 'configs/eln' / name)
    with DefaultScope.overwrite_default_scope('mmseg'), torch.device('meta'):
        model = MODELS.build(cfg.model)
    state_dict = converter.convert(as_checkpoint(official))
    networks = {key.split('.')[0] for key in state_dict}
    expected = {
        key: value.shape
        for key, value in model.state_dict().items()
        if key.split('.')[0] in networks
    }
    assert {key: v.shape for key, v in state_dict.items()} == expected
    learned = {key.split('.')[0] for key, _ in model.named_parameters()}
    assert learned == networks


def test_command(converter, tiny, tmp_path, monkeypatch, capsys):
    source, target = tmp_path / 'epoch_0120.pth', tmp_path / 'new/eln.pth'
    torch.save(tiny, source)
    monkeypatch.setattr(sys, 'argv', ['eln.py', str(source), str(target)])
    converter.main()
    assert '21 classes' in capsys.readouterr().out
    assert [path.name for path in target.parent.iterdir()] == ['eln.pth']
    saved = torch.load(target, weights_only=True)
    assert saved['meta']['epoch'] == 120
    assert 'teacher.decode_head.conv_seg.weight' in saved['state_dict']


def broken(tiny, change):
    checkpoint = {
        name: dict(value) if isinstance(value, dict) else value
        for name, value in tiny.items()
    }
    change(checkpoint)
    return checkpoint


@pytest.mark.parametrize('change, match', [
    (lambda c: c.pop('eln_state_dict'), 'eln_state_dict'),
    (lambda c: c['dec_state_dict'].update(
        {'aspp.aspp5.bn.weight': torch.zeros(1)}), 'aspp5'),
    (lambda c:
     [c['dec_0'].pop(f'cls.classifier.2.{p}')
      for p in ('weight', 'bias')], "'dec_0' lacks 'cls.classifier.2'"),
    (lambda c: c['enc_state_dict'].update({'fc.weight': torch.zeros(1)}),
     'fc.weight'),
    (lambda c: c['eln_state_dict'].update(
        {'backbone.conv1.weight': torch.zeros(64, 23, 7, 7)}),
     'read 25 channels but reads 23'),
])
def test_other_layouts_are_refused(converter, tiny, change, match):
    with pytest.raises(ValueError, match=match):
        converter.convert(broken(tiny, change))


def test_data_parallel_prefix(converter, tiny):

    def wrap(checkpoint):
        for name in ('dec_state_dict', 'eln_state_dict'):
            checkpoint[name] = {
                f'module.{key}': value
                for key, value in checkpoint[name].items()
            }

    plain = converter.convert(tiny)
    wrapped = converter.convert(broken(tiny, wrap))
    assert list(plain) == list(wrapped)


def test_files_that_are_no_checkpoints(converter, tmp_path):
    with pytest.raises(FileNotFoundError, match='nowhere'):
        converter.load_official(str(tmp_path / 'nowhere.pth'))
    (tmp_path / 'text.pth').write_text('no tensors')
    with pytest.raises(ValueError, match='cannot be read'):
        converter.load_official(str(tmp_path / 'text.pth'))
    torch.save([1], tmp_path / 'list.pth')
    with pytest.raises(ValueError, match='list'):
        converter.load_official(str(tmp_path / 'list.pth'))
