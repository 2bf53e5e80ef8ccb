"""Tiny adaptations of two domains for tests."""
import copy

import torch
from mmengine.config import ConfigDict
from mmseg.registry import MODELS
from torch import nn

from .toy import NUM_CLASSES, SEGMENTOR, sample

HEAD = SEGMENTOR['decode_head']
AUXILIARY = dict(
    HEAD,
    in_channels=32,
    in_index=2,
    loss_decode=dict(
        type='CrossEntropyLoss', loss_weight=0.1, avg_non_ignore=True))

TWO_HEADS = ConfigDict(
    copy.deepcopy(SEGMENTOR) | dict(auxiliary_head=AUXILIARY))


def adversary(level='decode_head', align='probability', **options):
    """Config of an adversary whose discriminator is tiny."""
    return dict(
        align=align,
        level=level,
        discriminator=dict(type='FCDiscriminator', ndf=4,
                           num_convs=3)) | options


def pixel_adversary(level='decode_head.feature', **options):
    """Config of an adversary of features."""
    return adversary(
        level,
        'feature',
        gan_loss='confusion',
        discriminator=dict(
            type='PixelDiscriminator',
            channels=(8, 8),
            dropout_ratio=0.,
            init_cfg=None)) | options


TWO_LEVELS = [
    adversary(name='main', loss_weight=0.5),
    adversary('auxiliary_head', name='aux', loss_weight=0.2)
]


@MODELS.register_module(force=True)
class ToyTargetLoss(nn.Module):
    """Mean square of the logits, and a record of what it was given."""

    def __init__(self,
                 level='decode_head',
                 resize_to='input',
                 loss_weight=1.,
                 loss_name='loss_toy',
                 num_classes=None):
        super().__init__()
        self.num_classes = num_classes
        self.figures = {}
        self.level = level
        self.resize_to = resize_to
        self.loss_weight = loss_weight
        self.loss_name = loss_name
        self.seen = []

    def forward(self, logits, valid):
        self.seen.append((logits, valid))
        self.figures = dict(largest=logits.detach().float().max())
        return self.loss_weight * logits.float().square().mean()


def build_adaptation(segmentor=TWO_HEADS, dropout=0., **options):
    """An initialised adaptation in train mode; None leaves dropout alone."""
    segmentor = copy.deepcopy(segmentor)
    for name in ('decode_head', 'auxiliary_head'):
        if segmentor.get(name) and dropout is not None:
            segmentor[name]['dropout_ratio'] = dropout
    model = MODELS.build(
        ConfigDict(
            type='DomainAdaptation',
            segmentor=segmentor,
            **copy.deepcopy(options)))
    model.init_weights()
    return model.train()


def make_domains(num=2, source=(32, 40), target=(40, 32), seed=0):
    """A preprocessed batch of both branches, of different sizes."""
    generator = torch.Generator().manual_seed(seed)
    inputs, samples = {}, {}
    for branch, size in (('source', source), ('target', target)):
        inputs[branch] = torch.randn(num, 3, *size, generator=generator)
        samples[branch] = [sample(*size) for _ in range(num)]
    labels = torch.randint(NUM_CLASSES, (num, 1, *source), generator=generator)
    labels[:, :, :2] = 255
    samples['source'] = [sample(*source, label) for label in labels]
    return inputs, samples
