"""Layouts of AdaptSegNet and ADVENT, and the commands that convert them.

Of these tensors only the shapes are read.
"""
import pytest
import torch
from deeplabv2_helpers import NAMES, build, hollow, load_base, run, shapes
from official_deeplabv2 import CLASSES, draw_discriminator, draw_resnet101

from mmseg_ext.models.discriminators import FCDiscriminator
from mmseg_ext.models.utils.deeplabv2_checkpoint import (convert_discriminator,
                                                         convert_segmentor,
                                                         is_discriminator)

HEADS = ('layer5', 'layer6')


@pytest.fixture(scope='module')
def layout():
    state = draw_resnet101()
    assert not is_discriminator(state)
    return hollow(state)


def test_fits_the_config(layout):
    # the figure of the official network with both levels
    model = build(load_base('deeplabv2_r101-d8'))
    assert sum(p.numel() for p in model.parameters()) == 44_601_560
    assert shapes(convert_segmentor(layout, 4)) == shapes(model.state_dict())


@pytest.mark.parametrize('prefix', ['module.', 'Scale.'])
def test_common_prefix(layout, prefix):
    wrapped = {f'{prefix}{key}': value for key, value in layout.items()}
    assert list(convert_segmentor(wrapped,
                                  4)) == list(convert_segmentor(layout, 4))


def test_one_level(layout):
    """ADVENT leaves the fifth layer out, AdaptSegNet the sixth."""
    body = {k: v for k, v in layout.items() if k[:6] not in HEADS}
    sixth = {k: v for k, v in layout.items() if k.startswith('layer6')}
    fifth = {k.replace('layer6', 'layer5'): v for k, v in sixth.items()}
    expected = shapes(
        build(load_base('deeplabv2_r101-d8',
                        auxiliary_head=None)).state_dict())
    for head in (sixth, fifth):
        assert shapes(convert_segmentor({**body, **head}, 4)) == expected


@pytest.mark.parametrize('change, match', [
    (lambda s: s.pop('layer3.7.bn2.running_var'),
     "lacks 'layer3.7.bn2.running_var'"),
    (lambda s: s.pop('layer6.conv2d_list.3.bias'),
     "lacks 'layer6.conv2d_list.3.bias'"),
    (lambda s: [s.pop(key) for key in list(s)
                if key.startswith('layer6')], 'the main classifier'),
    (lambda s: [s.pop(key) for key in list(s)
                if key.startswith('layer3.2')], '19 blocks'),
    (lambda s: s.update(extra=torch.zeros(1)), "'extra' is none"),
    (lambda s: s.update({'conv1.weight': torch.zeros(64, 4, 7, 7)}),
     r"'conv1.weight' should be \(64, 3, 7, 7\) but is \(64, 4, 7, 7\)"),
])
def test_other_segmentors_are_refused(layout, change, match):
    broken = dict(layout)
    change(broken)
    with pytest.raises(ValueError, match=match):
        convert_segmentor(broken, 4)


@pytest.mark.parametrize('change, match', [
    (lambda s: s.pop('conv3.bias'), "lacks 'conv3.bias'"),
    (lambda s: s.update(extra=torch.zeros(1)), "'extra' is no parameter"),
    (lambda s: s.update({'conv2.weight': torch.zeros(128, 64, 3, 3)}),
     "'conv2.weight' .* should be"),
])
def test_other_discriminators_are_refused(change, match):
    broken = hollow(draw_discriminator(NAMES['adaptsegnet']))
    change(broken)
    with pytest.raises(ValueError, match=match):
        convert_discriminator(broken)


# -- commands -----------------------------------------------------------------


@pytest.mark.parametrize('tool, rates', [('adaptsegnet', 2), ('advent', 4)])
def test_commands(layout, tmp_path, monkeypatch, capsys, tool, rates):
    source, judged = tmp_path / 'net.pth', tmp_path / 'd.pth'
    torch.save(layout, source)
    torch.save(hollow(draw_discriminator(NAMES[tool])), judged)

    run(monkeypatch, tool, source, tmp_path / 'new/plain.pth')
    assert '19 classes' in capsys.readouterr().out
    assert [p.name for p in (tmp_path / 'new').iterdir()] == ['plain.pth']
    plain = torch.load(tmp_path / 'new/plain.pth', weights_only=True)
    assert 'official' in plain['meta']['source']
    model = build(load_base('deeplabv2_r101-d8', rates))
    assert shapes(plain['state_dict']) == shapes(model.state_dict())

    run(monkeypatch, tool, judged, tmp_path / 'judge.pth')
    alone = torch.load(tmp_path / 'judge.pth', weights_only=True)
    expected = FCDiscriminator(CLASSES).state_dict()
    assert shapes(alone['state_dict']) == shapes(expected)


def test_files_that_are_no_checkpoints(tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match='nowhere'):
        run(monkeypatch, 'advent', tmp_path / 'nowhere.pth', 'new.pth')
    (tmp_path / 'text.pth').write_text('no tensors')
    with pytest.raises(ValueError, match='cannot be read'):
        run(monkeypatch, 'advent', tmp_path / 'text.pth', 'new.pth')
    torch.save(dict(epoch=3), tmp_path / 'other.pth')
    with pytest.raises(ValueError, match='no state dict'):
        run(monkeypatch, 'advent', tmp_path / 'other.pth', 'new.pth')
