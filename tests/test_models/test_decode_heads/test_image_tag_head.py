import pytest
import torch
from mmengine.structures import PixelData

import mmseg_ext  # noqa: F401

# isort: split
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample


@pytest.fixture
def head():
    return MODELS.build(
        dict(type='ImageTagHead', in_channels=6, num_classes=4, min_pixels=2))


def test_tags(head):
    labels = torch.full((2, 1, 4, 4), 255)
    labels[0, 0, 0] = torch.tensor([0, 0, 3, 1])
    labels[1, 0, :2] = 2
    assert head.find_tags(labels).int().tolist() == [[1, 0, 0, 0],
                                                     [0, 0, 1, 0]]


def test_loss_and_gradient(head):
    features = [torch.randn(2, 6, 3, 5, requires_grad=True)]
    labels = torch.randint(0, 4, (2, 1, 8, 8))
    samples = [
        SegDataSample(gt_sem_seg=PixelData(data=label)) for label in labels
    ]
    losses = head.loss(features, samples, dict())
    logits = features[0].mean(
        (2, 3)) @ head.conv_seg.weight[..., 0, 0].T + head.conv_seg.bias
    tags = head.find_tags(labels).float()
    expected = -(tags * logits.sigmoid().log() + (1 - tags) *
                 (1 - logits.sigmoid()).log()).mean()
    torch.testing.assert_close(losses['loss_tags'], expected)
    right = ((logits > 0).float() == tags).float().mean() * 100
    torch.testing.assert_close(losses['acc_tags'], right)
    # no place counts more than another
    grad, = torch.autograd.grad(losses['loss_tags'], features[0])
    assert torch.equal(grad, grad[..., :1, :1].expand_as(grad))
