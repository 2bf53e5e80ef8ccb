import pytest
import torch
from mmengine.logging import MessageHub

from mmseg_ext.models.losses import ClassRatioPriorLoss


def stats(*pixels):
    zeros = [0.] * len(pixels)
    return dict(
        classes=[f'c{i}' for i in range(len(pixels))],
        num_images=1,
        image_counts=[1] * len(pixels),
        pixel_counts=list(pixels),
        alpha=zeros,
        delta=zeros,
        gamma=zeros)


@pytest.fixture(autouse=True)
def hub():
    return MessageHub.get_instance('class_ratio_prior_loss')


def everywhere(logits):
    n, _, h, w = logits.shape
    return torch.ones(n, h, w, dtype=torch.bool)


def test_published_number():
    logits = torch.tensor([0.1, 0.9]).log().view(1, 2, 1, 1)
    logits = logits.repeat(1, 1, 2, 3).requires_grad_()
    loss = ClassRatioPriorLoss(stats(7, 7), mu=0.5, loss_weight=1.)
    found = loss(logits, everywhere(logits))
    assert found.item() == pytest.approx(0.15, abs=1e-6)
    found.backward()
    # Only class 0 is missing: the gradient is that of -mean P(0).
    expected = 0.1 * 0.9 / 6
    assert logits.grad[0, :, 0,
                       0].tolist() == pytest.approx([-expected, expected],
                                                    abs=1e-6)


def test_matches_formula_image_by_image():
    torch.manual_seed(0)
    logits = 3 * torch.randn(3, 4, 5, 6)
    valid = torch.rand(3, 5, 6) > 0.4
    valid[1] = False
    pixels = (50, 30, 15, 5)
    loss = ClassRatioPriorLoss(stats(*pixels), mu=0.9, loss_weight=2.)
    prob = logits.softmax(1)
    expected = 0.
    for i in (0, 2):
        mean = prob[i][:, valid[i]].mean(1)
        for c, count in enumerate(pixels):
            expected += max(0., 0.9 * count / 100 - mean[c].item())
    assert loss(logits, valid).item() == pytest.approx(
        2 * expected / 2, rel=1e-5)


def test_satisfied_prior_is_zero():
    logits = torch.zeros(1, 2, 3, 3, requires_grad=True)
    loss = ClassRatioPriorLoss(stats(6, 4))(logits, everywhere(logits))
    loss.backward()
    assert loss.item() == 0 and logits.grad.abs().max() == 0


def test_connected_zero_without_valid_pixels():
    logits = torch.randn(2, 2, 3, 3, requires_grad=True)
    loss = ClassRatioPriorLoss(stats(6, 4))(logits, ~everywhere(logits))
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(logits.grad, torch.zeros_like(logits))


def test_other_classes_are_refused(hub):
    loss = ClassRatioPriorLoss(stats(6, 4))
    logits = torch.zeros(1, 3, 2, 2)
    with pytest.raises(ValueError, match='2 classes.*predicts 3'):
        loss(logits, everywhere(logits))
    hub.update_info('loop_stage', 'train')
    hub.update_info('dataset_meta', dict(classes=('c0', 'sky')))
    logits = logits[:, :2]
    with pytest.raises(ValueError, match='c0, c1, but .* c0, sky'):
        ClassRatioPriorLoss(stats(6, 4))(logits, everywhere(logits))


@pytest.mark.parametrize('mu', [-0.1, 1.1])
def test_impossible_mu(mu):
    with pytest.raises(ValueError, match='mu'):
        ClassRatioPriorLoss(stats(6, 4), mu=mu)
