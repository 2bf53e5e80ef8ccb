import copy
import math

import pytest
import torch
from mmengine.logging import MessageHub
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from torch import nn

from .toy import SEGMENTOR, loss_sum, trained
from .toy_domains import (AUXILIARY, TWO_HEADS, TWO_LEVELS, adversary,
                          build_adaptation, make_domains, pixel_adversary)

MINENT = [dict(type='ToyTargetLoss')]


def changed(state, model):
    return {
        name
        for name, value in model.state_dict().items()
        if not torch.equal(value, state[name])
    }


def test_source_alone_is_the_plain_segmentor():
    model = build_adaptation()
    plain = MODELS.build(TWO_HEADS)
    plain.load_state_dict(model.segmentor.state_dict())
    for head in (plain.decode_head, plain.auxiliary_head):
        head.dropout = None
    inputs, samples = make_domains()
    found = model.loss(dict(source=inputs['source']), samples)
    expected = plain.train().loss(inputs['source'], samples['source'])
    assert loss_sum(found).item() == loss_sum(expected).item()
    assert 'target.entropy' not in found
    assert 0 < found['source.entropy'] < 1


@pytest.mark.parametrize('make, players', [
    (lambda: TWO_LEVELS, {'main', 'aux'}),
    (lambda: [adversary(align='self_information', gan_loss='lsgan')],
     {'decode_head'}),
    (lambda: [pixel_adversary(), adversary(name='main')],
     {'decode_head.feature', 'main'}),
    (lambda: [pixel_adversary('backbone.2', gan_loss='vanilla')],
     {'backbone.2'}),
])
def test_gradients_are_isolated(make, players):
    torch.manual_seed(0)
    model = build_adaptation(adversaries=make())
    losses = model.loss(*make_domains())
    names = {key.split('.loss')[0] for key in losses if '.loss_adv' in key}
    assert names == {f'adversary.{player}' for player in players}

    loss_sum(losses, 'loss_adversarial').backward(retain_graph=True)
    assert trained(model.segmentor) and not trained(model.adversaries)
    assert any(param.grad.abs().sum() > 0
               for param in model.segmentor.backbone.parameters())
    model.zero_grad(set_to_none=True)
    loss_sum(losses, 'loss_discriminator').backward()
    assert not trained(model.segmentor)
    names = {name for name, _ in model.adversaries.named_parameters()}
    assert trained(model.adversaries) == names


def test_losses_are_those_of_the_paper():
    """Probability alignment of one level, step by step."""
    model = build_adaptation(adversaries=[adversary(loss_weight=0.3)]).eval()
    inputs, samples = make_domains()
    losses = model.loss(inputs, samples)
    discriminator = model.adversaries[0].discriminator
    scores = {}
    for domain, images in inputs.items():
        logits = nn.functional.interpolate(
            model.segmentor._forward(images),
            images.shape[2:],
            mode='bilinear',
            align_corners=False)
        scores[domain] = discriminator(logits.softmax(1))
    bce = nn.functional.binary_cross_entropy_with_logits
    zero, one = torch.zeros_like, torch.ones_like
    expected = dict(
        loss_adversarial=0.3 * bce(scores['target'], zero(scores['target'])),
        loss_discriminator=0.5 *
        (bce(scores['source'], zero(scores['source'])) +
         bce(scores['target'], one(scores['target']))),
        accuracy=0.5 * ((scores['source'] < 0).float().mean() +
                        (scores['target'] >= 0).float().mean()))
    for name, value in expected.items():
        found = losses[f'adversary.decode_head.{name}']
        assert found.item() == pytest.approx(value.item(), rel=1e-5), name


def test_weight_may_follow_the_iteration():
    ramp = dict(type='DANNRamp', max_weight=0.5, iters=10)
    model = build_adaptation(adversaries=[
        adversary(name='ramp', loss_weight=ramp),
        adversary(name='constant', loss_weight=0.5)
    ]).eval()
    twins = [player.discriminator for player in model.adversaries]
    twins[0].load_state_dict(twins[1].state_dict())
    hub = MessageHub.get_current_instance()
    before = hub.get_info('iter', 0)
    try:
        for iteration, share in ((0, 0.), (5, math.tanh(2.5))):
            hub.update_info('iter', iteration)
            losses = model.loss(*make_domains())
            found, full = (
                losses[f'adversary.{name}.loss_adversarial'].item()
                for name in ('ramp', 'constant'))
            assert found == pytest.approx(share * full)
    finally:
        hub.update_info('iter', before)


def test_gate_waits_for_the_discriminator():
    """CyCADA: the segmentor plays once the discriminator is good."""
    model = build_adaptation(adversaries=[
        adversary(name='gated', loss_weight=0.5, min_accuracy=0.6),
        adversary(name='free', loss_weight=0.5)
    ]).eval()
    gated, free = model.adversaries
    gated.discriminator.load_state_dict(free.discriminator.state_dict())

    def play():
        losses = model.loss(*make_domains())
        return [
            losses[f'adversary.gated.{key}'].item()
            for key in ('gate', 'loss_adversarial', 'accuracy')
        ], losses['adversary.free.loss_adversarial'].item()

    (gate, loss, accuracy), full = play()
    assert (gate, loss) == (0, 0) and full > 0
    assert gated.mean_accuracy.item() == pytest.approx(0.5 + 0.01 *
                                                       (accuracy - 0.5))
    gated.mean_accuracy.fill_(0.7)
    (gate, loss, _), full = play()
    assert gate == 1 and loss == pytest.approx(full)
    assert 'adversaries.0.mean_accuracy' in model.state_dict()


@pytest.mark.parametrize('align, gan_loss, values', [
    ('self_information', 'vanilla', (math.log(2), math.log(2))),
    ('probability', 'lsgan', (0., 0.5)),
])
def test_discriminator_of_zeros(align, gan_loss, values):
    model = build_adaptation(adversaries=[
        adversary(align=align, gan_loss=gan_loss, loss_weight=1.)
    ])
    for param in model.adversaries[0].discriminator.classifier.parameters():
        param.data.zero_()
    losses = model.loss(*make_domains())
    for name, value in zip(('adversarial', 'discriminator'), values):
        found = losses[f'adversary.decode_head.loss_{name}'].item()
        assert found == pytest.approx(value, abs=1e-6)


def test_target_losses_get_logits_as_they_ask():
    model = build_adaptation(
        adversaries=[adversary()],
        target_losses=[
            dict(type='ToyTargetLoss'),
            dict(type='ToyTargetLoss', resize_to=None, loss_name='loss_raw'),
            dict(type='ToyTargetLoss', level='auxiliary_head')
        ])
    inputs, samples = make_domains()
    samples['target'][1].valid_mask.data[:, :5] = False
    losses = model.loss(inputs, samples)
    figures = [key for key in losses if key.endswith('.largest')]
    assert figures == [
        'target.decode_head.largest', 'target.auxiliary_head.largest'
    ]
    keys = [
        key for key in losses
        if key.startswith('target.') and key not in figures
    ]
    assert keys == [
        'target.entropy', 'target.decode_head.loss_toy',
        'target.decode_head.loss_raw', 'target.auxiliary_head.loss_toy'
    ]
    (full, valid), (raw, _), _ = [x.seen[0] for x in model.target_losses]
    assert full.shape == (2, 4, 40, 32) and raw.shape[2:] == (5, 4)
    assert valid.shape == (2, 40, 32) and valid.sum() == 2 * 40 * 32 - 160
    loss_sum(losses, 'target').backward()
    grads = trained(model.segmentor)
    assert {name.split('.')[0]
            for name in grads
            } == {'backbone', 'decode_head', 'auxiliary_head'}


def test_binary_heads_have_two_channels():
    segmentor = copy.deepcopy(SEGMENTOR)
    segmentor['decode_head'].update(
        num_classes=2,
        out_channels=1,
        threshold=0.4,
        loss_decode=dict(type='CrossEntropyLoss', use_sigmoid=True))
    model = build_adaptation(
        segmentor, adversaries=[adversary()], target_losses=MINENT)
    inputs, samples = make_domains()
    for one in samples['source']:
        one.gt_sem_seg.data.clamp_(max=1)
    losses = model.loss(inputs, samples)
    assert model.adversaries[0].discriminator.in_channels == 2
    (logits, _), = model.target_losses[0].seen
    low, high = logits.chunk(2, dim=1)
    torch.testing.assert_close(low, -high)
    assert torch.isfinite(loss_sum(losses))


def test_control_moves_the_statistics_alone():
    """A target forward that nothing reads: same gradient, other buffers."""
    alone, control = build_adaptation(), build_adaptation(forward_target=True)
    control.load_state_dict(alone.state_dict())
    start = copy.deepcopy(control.state_dict())
    for model in (alone, control):
        loss_sum(model.loss(*make_domains())).backward()
    for one, other in zip(alone.parameters(), control.parameters()):
        assert torch.equal(one.grad, other.grad)
    moved = changed(alone.state_dict(), control)
    assert moved == {
        name
        for name in changed(start, control)
        if not name.startswith('segmentor.auxiliary_head')
    }
    assert any('decode_head' in name for name in moved)


def test_without_batch_norm_the_control_is_the_source_alone():
    segmentor = copy.deepcopy(SEGMENTOR)
    for part in ('backbone', 'decode_head'):
        segmentor[part].norm_cfg = dict(type='GN', num_groups=2)
    model = build_adaptation(segmentor, forward_target=True)
    state = copy.deepcopy(model.state_dict())
    model.loss(*make_domains())
    assert not changed(state, model)


def test_one_seed_gives_one_segmentor():
    """Whatever it plays against."""
    states = []
    for options in (dict(), dict(adversaries=TWO_LEVELS)):
        torch.manual_seed(3)
        model = build_adaptation(**options)
        states.append(model.segmentor.state_dict())
    for key, value in states[0].items():
        assert torch.equal(value, states[1][key]), key
    players = [player.discriminator for player in model.adversaries]
    assert not torch.equal(players[0].convs[0].weight,
                           players[1].convs[0].weight)


def test_stages():
    model = build_adaptation(adversaries=TWO_LEVELS)
    batch = make_domains()
    assert any('adversary' in key for key in model.loss(*batch))
    model.set_stage('source')
    losses = model.loss(*batch)
    assert all(key.startswith('source.') for key in losses)
    loss_sum(losses).backward()
    assert not trained(model.adversaries)
    model.set_stage('adapt')
    assert any('adversary' in key for key in model.loss(*batch))


def test_stage_source_refuses_what_its_successor_cannot_read():
    small = pixel_adversary(
        'backbone.3', discriminator=dict(type='FCDiscriminator', ndf=4))
    model = build_adaptation(adversaries=[small])
    model.set_stage('source')
    with pytest.raises(ValueError, match='halves its input 5 times and needs'):
        model.loss(*make_domains())

    numbers = [0.1] * 4
    model = build_adaptation(target_losses=[
        dict(
            type='SizeConstraintLoss',
            stats=dict(
                classes=list('abcd'),
                num_images=1,
                image_counts=[1] * 4,
                pixel_counts=[1] * 4,
                alpha=numbers,
                delta=numbers,
                gamma=numbers))
    ])
    model.set_stage('source')
    hub = MessageHub.get_current_instance()
    hub.update_info('loop_stage', 'train')
    hub.update_info('dataset_meta', dict(classes=tuple('abdc')))
    try:
        with pytest.raises(ValueError, match='training data has a, b, d, c'):
            model.loss(*make_domains())
    finally:
        hub.pop_info('loop_stage')
        hub.pop_info('dataset_meta')


def test_stage_source_tries_the_discriminators_once():
    model = build_adaptation(adversaries=[adversary()])
    model.set_stage('source')
    sizes = []
    model.adversaries[0].discriminator.register_forward_pre_hook(
        lambda module, args: sizes.append(args[0].shape[2:]))
    for _ in range(2):
        model.loss(*make_domains())
    assert sizes == [(32, 40)]


def test_freeze_norm():
    norms = nn.modules.batchnorm._BatchNorm

    def layers(model):
        return [m for m in model.segmentor.modules() if isinstance(m, norms)]

    model = build_adaptation(freeze_norm='affine')
    assert not any(m.weight.requires_grad for m in layers(model))
    assert all(m.training for m in layers(model))
    assert model.segmentor.decode_head.conv_seg.weight.requires_grad

    model = build_adaptation(freeze_norm='eval', forward_target=True)
    assert all(m.weight.requires_grad for m in layers(model))
    state = copy.deepcopy(model.state_dict())
    model.loss(*make_domains())
    assert not changed(state, model)
    # from random weights the statistics must be learnt first
    model.set_stage('source')
    assert all(m.training for m in layers(model))
    model.set_stage('adapt')
    assert not any(m.training for m in layers(model))
    assert not any(m.training for m in layers(model.train()))
    assert model.segmentor.decode_head.training
    with pytest.raises(ValueError, match="model.freeze_norm must be 'affine'"):
        build_adaptation(freeze_norm='stats')
    model = build_adaptation(freeze_norm=['affine', 'eval'])
    assert not any(m.training or m.weight.requires_grad for m in layers(model))


def test_nothing_valid_is_a_connected_zero():
    model = build_adaptation(adversaries=[*TWO_LEVELS, pixel_adversary()])
    inputs, samples = make_domains(num=1)
    for branch in samples.values():
        branch[0].valid_mask.data.zero_()
    samples['source'][0].gt_sem_seg.data.fill_(255)
    losses = model.loss(inputs, samples)
    assert loss_sum(losses).item() == 0
    loss_sum(losses).backward()
    for name, param in model.named_parameters():
        assert param.grad is not None and not param.grad.any(), name
    assert losses['target.entropy'] == 0


def test_padding_is_no_cue_of_the_domain():
    """What lies on padding changes nothing for the discriminator."""
    model = build_adaptation(adversaries=[adversary(resize_to=None)])
    maps = torch.randn(2, 4, 8, 12)
    valid = torch.ones(2, 8, 12, dtype=torch.bool)
    valid[:, 4:] = False
    other = maps.clone()
    other[:, :, 4:] += 3
    player = model.adversaries[0]
    assert torch.equal(
        player.represent(maps, valid), player.represent(other, valid))
    shown = player.represent(maps, valid)
    assert torch.equal(shown[:, :, :4], maps.softmax(1)[:, :, :4])
    assert not shown[:, :, 4:].any()


def test_prediction_statistics():
    model = build_adaptation(forward_target=True)
    inputs, samples = make_domains()
    samples['target'][0].valid_mask.data.zero_()
    for _ in range(2):
        model.loss(inputs, samples)
    statistics = model.prediction_statistics
    # on the grid of the head, 8 times smaller
    assert statistics['source'].counts.sum() == 2 * 2 * 4 * 5
    assert statistics['target'].counts.sum() == 2 * 1 * 5 * 4
    shares = statistics['target'].shares()
    assert shares.sum().item() == pytest.approx(1)
    statistics['target'].reset()
    assert statistics['target'].shares().sum() == 0
    # the last row of the grid has its centre on padding
    samples['target'][1].valid_mask.data[:, 35:] = False
    model.loss(inputs, samples)
    assert statistics['target'].counts.sum() == 4 * 4
    assert not any('statistics' in name for name in model.state_dict())


def test_entropy_figure():
    model = build_adaptation(forward_target=True)
    for param in model.segmentor.decode_head.conv_seg.parameters():
        param.data.zero_()
    losses = model.loss(*make_domains())
    for domain in ('source', 'target'):
        assert losses[f'{domain}.entropy'].item() == pytest.approx(1)


def test_mixed_precision_is_near_full():
    torch.manual_seed(0)
    model = build_adaptation(
        adversaries=[*TWO_LEVELS, pixel_adversary()], target_losses=MINENT)
    batch = make_domains()
    expected = model.loss(*batch)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        losses = model.loss(*batch)
    for name, value in losses.items():
        if 'accuracy' not in name:
            assert value.dtype == torch.float32, name
            assert value.item() == pytest.approx(
                expected[name].item(), rel=0.05, abs=0.02), name


def test_bare_passes_are_those_of_the_iteration():
    model = build_adaptation(adversaries=TWO_LEVELS, target_losses=MINENT)
    passes = model.bare_passes(*make_domains())
    assert list(passes) == [
        'source_segmentor', 'target_segmentor', 'main_discriminator_source',
        'main_discriminator_target', 'aux_discriminator_source',
        'aux_discriminator_target'
    ]
    for name, run in passes.items():
        model.zero_grad(set_to_none=True)
        run().backward()
        trains = (model.segmentor, model.adversaries)
        if 'discriminator' in name:
            trains = trains[::-1]
        assert trained(trains[0]) and not trained(trains[1])
    control = build_adaptation(forward_target=True)
    assert control.bare_passes(*make_domains())['target_segmentor']() is None


def test_checkpoints():
    model, other = [build_adaptation(adversaries=TWO_LEVELS) for _ in '12']
    other.load_state_dict(model.state_dict(), strict=True)
    assert 'adversaries.1.discriminator.convs.0.weight' in model.state_dict()
    plain = MODELS.build(TWO_HEADS)
    assert not model.load_state_dict(
        plain.state_dict(), strict=False).unexpected_keys


def head(**options):
    segmentor = copy.deepcopy(TWO_HEADS)
    segmentor.update(options)
    return segmentor


@pytest.mark.parametrize('segmentor, options, message', [
    (TWO_HEADS, dict(adversaries=[adversary('auxiliary_head.1')]),
     r"adversaries\[0\].level is 'auxiliary_head.1', but the segmentor has"),
    (SEGMENTOR, dict(adversaries=[adversary('auxiliary_head')]),
     r'has only the levels .*decode_head'),
    (SEGMENTOR, dict(adversaries=[adversary('backbone.4', 'feature')]),
     "'backbone.4', but"),
    (SEGMENTOR, dict(adversaries=[adversary('backbone.3')]),
     "align is 'probability', which needs logits, but level is 'backbone.3'"),
    (SEGMENTOR, dict(adversaries=[adversary(align='softmax')]),
     'align must be one of'),
    (SEGMENTOR, dict(adversaries=[adversary(gan_loss='hinge')]),
     'gan_loss must be one of'),
    (SEGMENTOR, dict(adversaries=[adversary(resize_to='label')]),
     "resize_to must be 'input' or None"),
    (SEGMENTOR, dict(adversaries=[adversary(min_accuracy=60)]),
     r'min_accuracy must be in \[0, 1\] but is 60'),
    (SEGMENTOR, dict(adversaries=[adversary(name='loss_main')]),
     'choose another'),
    (SEGMENTOR, dict(adversaries=[adversary(), adversary()]),
     "several parts with the name 'decode_head'"),
    (SEGMENTOR, dict(adversaries=[dict(level='decode_head', align='feature')]),
     r'adversaries\[0\] has no discriminator'),
    (SEGMENTOR,
     dict(adversaries=[
         adversary(discriminator=dict(type='FCDiscriminator', in_channels=19))
     ]), "in_channels is 19, but the level 'decode_head' has 4"),
    (SEGMENTOR, dict(adversaries=[pixel_adversary('backbone.0')]),
     "in_channels must be given: the channels of the level 'backbone.0'"),
    (head(auxiliary_head=dict(AUXILIARY, num_classes=3)),
     dict(adversaries=[adversary('auxiliary_head')]), 'num_classes=3'),
    (head(decode_head=dict(TWO_HEADS['decode_head'], num_classes=1)),
     dict(adversaries=[adversary()]), 'num_classes=1: expected at least two'),
    (SEGMENTOR,
     dict(target_losses=[dict(type='ToyTargetLoss', level='backbone.3')]),
     'a map of features, but ToyTargetLoss needs the logits'),
    (SEGMENTOR,
     dict(target_losses=[dict(type='ToyTargetLoss', num_classes=9)]),
     'made for 9 classes, but the level .decode_head. predicts 4'),
    (SEGMENTOR, dict(target_losses=MINENT * 2), 'several parts'),
    (SEGMENTOR, dict(target_losses=MINENT, forward_target=False),
     'model.forward_target is False, but'),
])
def test_errors_of_a_config(segmentor, options, message):
    with pytest.raises(ValueError, match=message):
        build_adaptation(segmentor, **options)


def test_errors_of_a_batch():
    inputs, samples = make_domains()
    model = build_adaptation(adversaries=[adversary()])
    with pytest.raises(ValueError, match=r"needs the branches .*'target'"):
        model.loss(dict(source=inputs['source']), samples)
    wide = pixel_adversary('backbone.0')
    wide['discriminator']['in_channels'] = 7
    model = build_adaptation(adversaries=[wide])
    with pytest.raises(ValueError, match='has 8 channels, but discriminator'):
        model.loss(inputs, samples)


class TestPseudoLabels:

    LOSS = dict(type='PseudoLabelLoss', loss_weight=2.)

    def batch(self):
        inputs, samples = make_domains()
        for i, one in enumerate(samples['target']):
            labels = torch.full((1, 40, 32), 255)
            labels[:, :, :8] = i
            one.gt_sem_seg = PixelData(data=labels)
        return inputs, samples

    def test_target_learns_from_its_labels(self):
        model = build_adaptation(target_losses=[self.LOSS])
        inputs, samples = self.batch()
        losses = model.loss(inputs, samples)
        logits = model.encode_decode(inputs['target'],
                                     [x.metainfo for x in samples['target']])
        labels = torch.cat([x.gt_sem_seg.data for x in samples['target']])
        expected = torch.nn.functional.cross_entropy(
            logits, labels, ignore_index=255)
        found = losses['target.decode_head.loss_pseudo_label']
        torch.testing.assert_close(found, 2 * expected)
        found.backward()
        assert trained(model.segmentor.backbone)

    def test_next_to_an_adversary(self):
        model = build_adaptation(
            adversaries=TWO_LEVELS, target_losses=[self.LOSS])
        losses = model.loss(*self.batch())
        assert {
            'target.decode_head.loss_pseudo_label',
            'adversary.main.loss_adversarial'
        } <= set(losses)
        passes = model.bare_passes(*self.batch())
        assert passes['target_segmentor']().requires_grad

    def test_target_without_labels(self):
        model = build_adaptation(target_losses=[self.LOSS])
        with pytest.raises(ValueError, match='the target has none: set '):
            model.loss(*make_domains())
