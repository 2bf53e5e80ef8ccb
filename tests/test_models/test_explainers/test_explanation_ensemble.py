import sys

import pytest
import torch
from mmengine.config import Config
from torch import nn
from toy_classifiers import Network, explained

from mmseg_ext.models.explainers import (ExplainedClassifier,
                                         ExplanationEnsemble, SmoothGrad,
                                         average_maps, normalise_map)

IMAGE = (torch.rand(3, 12, 10) * 255).to(torch.uint8)


def committee(number=3):
    return [explained(Network(seed), f'net{seed}') for seed in range(number)]


def build(classifiers=None, noise=0.1, samples=3, **kwargs):
    return ExplanationEnsemble(classifiers or committee(),
                               SmoothGrad(samples, noise_level=noise),
                               **kwargs)


def test_is_the_mean_of_its_members():
    found = build()(IMAGE, 1, 'a.png', (12, 10))
    assert list(found.members) == ['net0', 'net1', 'net2']
    mean = torch.stack(list(found.members.values())).mean(0)
    assert torch.allclose(found.scores, mean)
    assert found.deciles.shape == (12, 10) and not found.flags
    assert (found.deciles == 9).sum() == 12


def test_copies_of_one_model_give_its_map():
    one = build([explained(Network(5), 'one')], noise=0.)
    many = build([explained(Network(5), f'n{i}') for i in range(3)], noise=0.)
    a, b = (x(IMAGE, 0, 'a', (12, 10)) for x in (one, many))
    assert torch.allclose(a.scores, b.scores, atol=1e-6)


def test_scores_are_enlarged_and_then_ranked():
    found = build()(IMAGE, 1, 'a', (31, 43))
    assert found.deciles.shape == (31, 43)
    assert (found.deciles == 9).sum() == 31 * 43 - -(-31 * 43 * 9 // 10)


def test_raw_mean_equals_autograd():
    networks = [Network(seed).double().eval() for seed in range(2)]
    ensemble = build(
        [explained(net.double(), f'n{i}') for i, net in enumerate(networks)],
        0.,
        1,
        normalization='none')
    image = torch.rand(3, 6, 6, dtype=torch.float64) * 255
    total = 0
    for net in networks:
        u = ensemble.to_common_space(image)[None].requires_grad_()
        net(u).softmax(1)[0, 2].backward()
        total = total + u.grad[0].abs().sum(0)
    found = ensemble(image, 2, 'x', (6, 6)).scores
    assert (found - total / 2).abs().max() < 1e-10


def test_noise_depends_on_image_and_seed_alone():
    ensemble = build()
    first = ensemble(IMAGE, 1, 'a', (12, 10)).scores
    ensemble(IMAGE, 0, 'b', (12, 10))
    torch.rand(7)
    assert torch.equal(first, ensemble(IMAGE, 1, 'a', (12, 10)).scores)
    assert not torch.equal(first, ensemble(IMAGE, 1, 'b', (12, 10)).scores)
    other = build(seed=1)(IMAGE, 1, 'a', (12, 10)).scores
    assert not torch.equal(first, other)


class Constant(nn.Module):
    """Predicts class 0 whatever it sees."""

    def forward(self, images):
        return images.flatten(1).sum(
            1, keepdim=True) * 0 + torch.tensor([1., 0., 0., 0.])


def test_dead_member_counts_as_zero():
    ensemble = build([explained(Network(), 'net'), explained(Constant(), 'c')])
    found = ensemble(IMAGE, 1, 'a', (12, 10))
    assert found.flags == dict(dead=['c'])
    assert torch.allclose(found.scores, found.members['net'] / 2)


def test_degenerate_image():
    found = build([explained(Constant(), 'c')])(IMAGE, 1, 'a', (12, 10))
    assert found.deciles is None
    assert found.flags == dict(dead=['c'], degenerate=True)


def test_filter_of_members_that_are_right():
    classifiers = [explained(Constant(), 'c'), *committee()]
    ensemble = build(classifiers, committee_filter='correct')
    image = ensemble.to_common_space(IMAGE)[None]
    for label in range(4):
        right = [
            x.name for x in classifiers if int(x(image).argmax()) == label
        ]
        found = ensemble(IMAGE, label, 'a', (12, 10))
        used = [*found.members, *found.flags.get('dead', [])]
        assert set(used) == set(right or ensemble.names)
        assert found.flags.get('none_correct', False) == (not right)


def test_prediction_as_target():
    classifiers = committee(1)
    ensemble = build(classifiers, noise=0., target='prediction')
    image = ensemble.to_common_space(IMAGE)
    predicted = int(classifiers[0](image[None]).argmax())
    expected = build(committee(1), noise=0.)(IMAGE, predicted, 'a', (12, 10))
    found = ensemble(IMAGE, (predicted + 1) % 4, 'a', (12, 10))
    assert torch.allclose(found.scores, expected.scores)


def test_fixed_input_size():
    fixed = explained(Network(), 'fixed', input_size=(8, 8))
    sizes = []
    fixed.classifier.register_forward_pre_hook(
        lambda module, args: sizes.append(tuple(args[0].shape[2:])))
    found = build([fixed])(IMAGE, 1, 'a', (12, 10))
    assert set(sizes) == {(8, 8)}
    assert found.members['fixed'].shape == (12, 10)


def test_members_are_frozen_and_in_eval_mode():
    ensemble = build().train()
    assert not any(p.requires_grad for p in ensemble.parameters())
    for member in ensemble.classifiers:
        assert not any(module.training for module in member.modules())


class Preprocessor(nn.Module):

    def __init__(self, mean, std, to_rgb):
        super().__init__()
        self.mean = torch.tensor(mean).view(-1, 1, 1)
        self.std = torch.tensor(std).view(-1, 1, 1)
        self.to_rgb = to_rgb


@pytest.mark.parametrize('to_rgb', [True, False])
def test_own_scale_of_a_classifier(to_rgb):
    """Its logits are those of its own preprocessing of the file."""
    net = Network().eval()
    mean, std = [10., 120., 60.], [50., 255., 20.]
    net.data_preprocessor = Preprocessor(mean, std, to_rgb)
    image = IMAGE.float()  # RGB
    fed = image if to_rgb else image.flip(0)
    expected = net.layers(
        ((fed - net.data_preprocessor.mean) / net.data_preprocessor.std)[None])
    wrapped = ExplainedClassifier(net, 'net')
    found = wrapped(ExplanationEnsemble.to_common_space(image)[None])
    assert torch.allclose(found, expected, atol=1e-4)


def tiny_resnet(to_rgb=True, num_classes=5):
    """Config of a classifier of mmpretrain."""
    return dict(
        type='ImageClassifier',
        data_preprocessor=dict(
            type='ClsDataPreprocessor',
            mean=[110., 120., 130.],
            std=[60., 50., 40.],
            to_rgb=to_rgb),
        backbone=dict(
            type='ResNet', depth=18, stem_channels=8, base_channels=8),
        neck=dict(type='GlobalAveragePooling'),
        head=dict(
            type='LinearClsHead', num_classes=num_classes, in_channels=64))


def test_mmpretrain_classifier():
    pytest.importorskip('mmpretrain.models')
    from mmengine.registry import DefaultScope
    from mmpretrain.registry import MODELS
    for to_rgb in (True, False):
        cfg = tiny_resnet(to_rgb)
        wrapped = ExplainedClassifier.from_config(dict(model=cfg, name='tiny'))
        assert wrapped.name == 'tiny'
        with DefaultScope.overwrite_default_scope('mmpretrain'):
            own = MODELS.build(cfg).eval()
        own.load_state_dict(wrapped.classifier.state_dict())
        image = (torch.rand(3, 64, 48) * 255).to(torch.uint8)  # BGR file
        with torch.no_grad():
            fed = own.data_preprocessor(dict(inputs=[image]))['inputs']
            expected = own(fed)
            rgb = ExplanationEnsemble.to_common_space(image.flip(0))
            assert torch.allclose(wrapped(rgb[None]), expected, atol=1e-4)
        values, _ = SmoothGrad(2)(wrapped, rgb, 3)
        assert torch.isfinite(values).all() and values.max() > 0


def test_weights_of_a_file(tmp_path):
    """Others may be in it, as a copy by EMA; none may be missing."""
    pytest.importorskip('mmpretrain.models')
    path = str(tmp_path / 'net.pth')

    def load(**change):
        cfg = dict(model=tiny_resnet(), checkpoint=path, name='net')
        return ExplainedClassifier.from_config(cfg | change).classifier

    state = load(checkpoint=None).state_dict()
    ema = {f'ema_{key}': value for key, value in state.items()}
    counters = [key for key in state if 'num_batches' in key]
    for key in counters:
        state.pop(key)
    torch.save(dict(state_dict=state | ema), path)
    found = load().state_dict()
    assert counters and found.keys() == state.keys() | set(counters)
    assert all(torch.equal(found[key], state[key]) for key in state)
    with pytest.raises(ValueError, match="'net' cannot be .*head.fc.weight"):
        load(model=tiny_resnet(num_classes=4))
    torch.save(dict(state_dict=ema), path)
    with pytest.raises(ValueError, match="net.pth lacks 'backbone.conv1"):
        load()
    with pytest.raises(ValueError, match='is True, but no weights'):
        load(checkpoint=True)


def test_weights_of_a_model_that_drops_what_it_makes(tmp_path):
    """SwinV2 takes its table of coordinates from no checkpoint."""
    pytest.importorskip('mmpretrain.models')
    path = str(tmp_path / 'net.pth')
    model = tiny_resnet()
    model['backbone'] = dict(
        type='SwinTransformerV2',
        arch=dict(
            embed_dims=8,
            depths=[1, 1, 1, 1],
            num_heads=[1, 1, 1, 1],
            extra_norm_every_n_blocks=0),
        img_size=64,
        window_size=[4, 4, 4, 2])
    model['head']['in_channels'] = 64
    cfg = dict(model=model, checkpoint=None, name='net')
    made = ExplainedClassifier.from_config(cfg).classifier
    torch.save(made.state_dict(), path)
    ExplainedClassifier.from_config(cfg | dict(checkpoint=path))


def test_scale_of_a_config_must_be_given(tmp_path):
    pytest.importorskip('mmpretrain.models')
    cfg = tiny_resnet()
    given = cfg.pop('data_preprocessor')
    with pytest.raises(ValueError, match='has no data_preprocessor: give'):
        ExplainedClassifier.from_config(cfg)
    # in the file of a config it stands beside the model
    path = str(tmp_path / 'config.py')
    Config(dict(model=cfg, data_preprocessor=given)).dump(path)
    found = ExplainedClassifier.from_config(path).classifier
    assert found.data_preprocessor.mean.flatten().tolist() == given['mean']
    Config(dict(model=cfg)).dump(path)
    with pytest.raises(ValueError, match='has no data_preprocessor: give'):
        ExplainedClassifier.from_config(path)


@pytest.mark.parametrize('kwargs,match', [
    (dict(normalization='max'), 'normalization must be one of minmax'),
    (dict(target='truth'), "target must be one of label, .* but is 'truth'"),
    (dict(committee_filter='best'), 'committee_filter must be one of'),
])
def test_wrong_arguments(kwargs, match):
    with pytest.raises(ValueError, match=match):
        build(**kwargs)


def test_wrong_classifiers():
    with pytest.raises(ValueError, match='at least one'):
        ExplanationEnsemble([])
    with pytest.raises(ValueError, match='different names'):
        build([explained(Network(), 'a'), explained(Network(), 'a')])
    pytest.importorskip('mmpretrain.models')
    with pytest.raises(ValueError, match=r'classifiers\[0\].*keys'):
        ExplanationEnsemble([dict(name='resnet')])
    with pytest.raises(ValueError, match=r'classifiers\[0\]: .no-such'):
        ExplanationEnsemble(['no-such-model'])


def test_missing_mmpretrain_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, 'mmpretrain', None)
    monkeypatch.setitem(sys.modules, 'mmpretrain.models', None)
    with pytest.raises(ImportError, match='pip install "mmseg_ext'):
        ExplanationEnsemble(['resnet18_8xb32_in1k'])


def test_maps_of_members_are_normalised_at_one_size():
    maps = [torch.rand(4, 4), torch.rand(4, 4)]
    both = average_maps([normalise_map(x) for x in maps])
    assert 0 <= both.min() and both.max() <= 1
