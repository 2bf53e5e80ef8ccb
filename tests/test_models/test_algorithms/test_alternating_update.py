"""One backward pass equals the alternation of the original papers."""
import copy
from types import MethodType

import pytest
import torch
import torch.nn.functional as F
from mmengine.optim import build_optim_wrapper

from .toy_domains import TWO_LEVELS, build_adaptation, make_domains

ITERATIONS = 20
WEIGHTS = dict(main=(1., 0.5), aux=(0.1, 0.2))


def represent(logits, align):
    prob = logits.softmax(1)
    if align == 'probability':
        return prob
    return -prob * torch.log2(prob) / torch.log2(
        torch.tensor(prob.shape[1], dtype=prob.dtype))


def heads(segmentor, images):
    """Upsampled logits of both heads; statistics are those of the batch."""
    feats = segmentor.extract_feat(images)
    return {
        name:
        F.interpolate(
            head.forward(feats),
            images.shape[2:],
            mode='bilinear',
            align_corners=False)
        for name, head in (('main', segmentor.decode_head),
                           ('aux', segmentor.auxiliary_head))
    }


def alternate(segmentor, discriminators, batches, align):
    """The published loop: three optimisers, D switched off and on."""
    steps = [
        torch.optim.SGD(
            segmentor.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)
    ]
    steps += [
        torch.optim.Adam(d.parameters(), lr=1e-3, betas=(0.9, 0.99))
        for d in discriminators.values()
    ]
    bce = F.binary_cross_entropy_with_logits
    for inputs, samples in batches:
        for step in steps:
            step.zero_grad()
        labels = torch.cat([s.gt_sem_seg.data for s in samples['source']])
        for d in discriminators.values():
            d.requires_grad_(False)
        source = heads(segmentor, inputs['source'])
        sum(WEIGHTS[name][0] *
            F.cross_entropy(logits, labels, ignore_index=255)
            for name, logits in source.items()).backward()
        target = heads(segmentor, inputs['target'])
        total = 0.
        for name, d in discriminators.items():
            scores = d(represent(target[name], align))
            total = total + WEIGHTS[name][1] * bce(scores,
                                                   torch.zeros_like(scores))
        total.backward()
        for name, d in discriminators.items():
            d.requires_grad_(True)
            for logits, label in ((source[name], 0.), (target[name], 1.)):
                scores = d(represent(logits.detach(), align))
                (bce(scores, torch.full_like(scores, label)) / 2).backward()
        for step in steps:
            step.step()


def unfrozen(player):
    player.frozen_scores = lambda maps: player.discriminator(maps)


def undetached(player):

    def forward(self, source, target, source_valid, target_valid):
        source = self.represent(source, source_valid)
        target = self.represent(target, target_valid)
        loss = self.adversarial_loss(source, target, source_valid,
                                     target_valid)
        scores = self.scores(source, target)
        units = [torch.ones_like(x[:, 0]).bool() for x in scores]
        return dict(
            loss_adversarial=loss,
            loss_discriminator=self.gan_loss.discriminator_loss(
                *scores, *units))

    player.forward = MethodType(forward, player)


def unhalved(player):
    player.discriminator_loss_weight = 2.


def largest_difference(align, change=None, iterations=ITERATIONS):
    """After training both ways, relative to the largest parameter."""
    torch.manual_seed(0)
    adversaries = [dict(player, align=align) for player in TWO_LEVELS]
    model = build_adaptation(adversaries=adversaries).double()
    segmentor = copy.deepcopy(model.segmentor)
    discriminators = {
        player.name: copy.deepcopy(player.discriminator)
        for player in model.adversaries
    }
    for player in model.adversaries:
        if change is not None:
            change(player)
    batches = []
    for seed in range(iterations):
        inputs, samples = make_domains(seed=seed)
        batches.append(({k: v.double() for k, v in inputs.items()}, samples))
    alternate(segmentor, discriminators, batches, align)

    wrapper = build_optim_wrapper(
        model,
        dict(
            type='OptimWrapper',
            constructor='JointOptimWrapperConstructor',
            optimizer=dict(
                segmentor=dict(
                    type='SGD', lr=0.01, momentum=0.9, weight_decay=5e-4),
                adversaries=dict(type='Adam', lr=1e-3, betas=(0.9, 0.99)))))
    for batch in batches:
        wrapper.update_params(model.parse_losses(model.loss(*batch))[0])

    pairs = [(model.segmentor, segmentor)]
    pairs += [(player.discriminator, discriminators[player.name])
              for player in model.adversaries]
    worst = 0.
    for ours, theirs in pairs:
        for one, other in zip(ours.state_dict().values(),
                              theirs.state_dict().values()):
            scale = max(other.double().abs().max().item(), 1e-3)
            worst = max(worst, (one - other).abs().max().item() / scale)
    return worst


@pytest.mark.parametrize('align', ['probability', 'self_information'])
def test_equals_the_alternation(align):
    worst = largest_difference(align)
    assert worst < 1e-10, f'largest difference {worst}'


@pytest.mark.parametrize('change', [unfrozen, undetached, unhalved])
def test_controls_differ(change):
    """The test can tell a wrong update from a right one."""
    worst = largest_difference('probability', change, iterations=5)
    assert worst > 1e-3, f'largest difference {worst}'
