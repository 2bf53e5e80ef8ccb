import pytest
import torch
import torch.nn.functional as F

import mmseg_ext  # noqa: F401
from mmseg_ext.models.losses import ImageWeightedCrossEntropyLoss


def batch():
    generator = torch.Generator().manual_seed(0)
    label = (torch.rand(2, 5, 6, generator=generator) > 0.8).long()
    label[1, :2] = 255
    return torch.randn(2, 3, 5, 6, generator=generator), label


def by_loop(logits, label, bound=1.0):
    """The definition, image by image and class by class."""
    losses = []
    for image, truth in zip(logits, label):
        weights = torch.ones(len(image))
        for index in range(len(image)):
            share = (truth == index).sum() / (truth != 255).sum()
            if share > 0:
                weights[index] = 1 + bound * (1 - share)
        losses.append(
            F.cross_entropy(
                image[None], truth[None], weights, ignore_index=255))
    return torch.stack(losses).mean()


@pytest.mark.parametrize('bound', [1.0, 0.0, 3.0])
def test_equals_the_loop(bound):
    logits, label = batch()
    found = ImageWeightedCrossEntropyLoss(bound, loss_weight=2.)(logits, label)
    torch.testing.assert_close(found, 2 * by_loop(logits, label, bound))


def test_image_without_labels_is_zero():
    logits, label = batch()
    loss = ImageWeightedCrossEntropyLoss()
    alone = loss(logits[:1], label[:1])
    label[1] = 255
    logits.requires_grad_()
    both = loss(logits, label)
    torch.testing.assert_close(both, alone / 2)
    both.backward()
    assert logits.grad[1].abs().sum() == 0 and logits.grad[0].abs().sum() > 0
    assert loss(logits, torch.full_like(label, 255)) == 0


def test_weights_of_pixels():
    logits, label = batch()
    weight = torch.ones(2, 5, 6)
    weight[:, 3:] = 0
    found = ImageWeightedCrossEntropyLoss(0.)(logits, label, weight=weight)
    label[:, 3:] = 255
    torch.testing.assert_close(found, by_loop(logits, label, 0.))


def test_one_channel_is_a_binary_head():
    """Its sigmoid is the probability of class 1."""
    logits, label = batch()
    one, loss = logits[:, :1], ImageWeightedCrossEntropyLoss()
    two = torch.cat([torch.zeros_like(one), one], dim=1)
    torch.testing.assert_close(loss(one, label), loss(two, label))
