import pytest
import torch
import torch.nn.functional as F
from mmseg.registry import MODELS

import mmseg_ext  # noqa: F401

CLASSES = 4


@pytest.fixture
def network():
    torch.manual_seed(0)
    return MODELS.build(
        dict(
            type='ErrorCorrectionNetwork',
            num_classes=CLASSES,
            backbone=dict(
                type='ResNet', depth=18, base_channels=8, stem_channels=8),
            decode_head=dict(
                type='FCNHead',
                in_channels=64,
                in_index=3,
                channels=8,
                num_convs=1))).eval()


@pytest.fixture
def data():
    torch.manual_seed(1)
    return dict(
        images=torch.randn(2, 3, 32, 40),
        logits=5 * torch.randn(2, CLASSES, 8, 10),
        seg_label=torch.randint(CLASSES, (2, 32, 40)),
        valid_mask=torch.rand(2, 32, 40) > 0.3)


def test_labels_are_replaced_and_all_kept(network, data):
    corrected = F.interpolate(
        network(data['images'], data['logits']), (8, 10), mode='bilinear')
    selected = network.select(data['images'], data['logits'])
    assert torch.equal(selected.labels, corrected.argmax(1))
    assert not torch.equal(selected.labels, data['logits'].argmax(1))
    assert selected.keep.all()
    torch.testing.assert_close(selected.score, corrected.softmax(1).amax(1))


def test_localizes_by_repeating_the_prediction(network, data):
    predicted = data['logits'].argmax(1)
    selected = network.select(data['images'], data['logits'])
    right, score = network.localize(data['images'], data['logits'])
    assert torch.equal(right, selected.labels == predicted)
    torch.testing.assert_close(score[right], selected.score[right])
    assert (score[~right] <= selected.score[~right]).all()


def test_loss_is_cross_entropy_of_labelled_pixels(network, data):
    data['seg_label'][0, :9] = 255
    losses = network.loss(**data)
    corrected = F.interpolate(
        network(data['images'], data['logits']), (32, 40), mode='bilinear')
    counted = data['valid_mask'] & (data['seg_label'] != 255)
    expected = F.cross_entropy(
        corrected.permute(0, 2, 3, 1)[counted], data['seg_label'][counted])
    assert losses['loss_ecn'].item() == pytest.approx(
        expected.item(), rel=1e-5)
    right = (corrected.argmax(1) == data['seg_label'])[counted]
    assert losses['output_accuracy'].item() == pytest.approx(
        right.float().mean().item())


def test_connected_zero_without_labels(network, data):
    data['seg_label'][:] = 255
    loss = network.loss(**data)['loss_ecn']
    loss.backward()
    assert loss.item() == 0
    assert network.decode_head.conv_seg.weight.grad is not None
