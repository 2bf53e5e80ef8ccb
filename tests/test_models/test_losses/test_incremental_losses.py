import math

import pytest
import torch
import torch.nn.functional as F

from mmseg_ext.models.losses import (DenseContrastiveLoss,
                                     FeatureDistillationLoss,
                                     SoftTargetBCELoss)


class TestSoftTargetBCE:

    def test_against_the_formula(self):
        torch.manual_seed(0)
        logits = torch.randn(2, 3, 4, 5, requires_grad=True)
        target, weight = torch.rand(2, 3, 4, 5), torch.rand(2, 1, 4, 5) > 0.5
        prob = logits.sigmoid()
        cost = -(target * prob.log() + (1 - target) * (1 - prob).log())
        expected = (cost.sum(1, True) * weight).sum() / weight.sum()
        for reduction, factor in (('sum', 1.), ('mean', 1 / 3)):
            loss = SoftTargetBCELoss(
                reduction, loss_weight=2.)(logits, target, weight)
            assert torch.allclose(loss, 2 * factor * expected, atol=1e-6)
        assert torch.allclose(SoftTargetBCELoss()(logits, target),
                              cost.sum(1).mean())
        loss.backward()
        found = logits.grad * 1.5
        mask = weight / weight.sum()
        assert torch.allclose(found, (prob - target) * mask, atol=1e-6)

    def test_nothing_counts(self):
        logits = torch.randn(1, 2, 3, 3, requires_grad=True)
        loss = SoftTargetBCELoss()(logits, torch.ones_like(logits),
                                   torch.zeros(1, 1, 3, 3))
        loss.backward()
        assert loss == 0 and (logits.grad == 0).all()

    def test_float32_under_autocast(self):
        logits = torch.full((1, 2, 2, 2), 40.)
        with torch.autocast('cpu', torch.bfloat16):
            loss = SoftTargetBCELoss()(logits.bfloat16(),
                                       torch.zeros(1, 2, 2, 2))
        assert loss.dtype == torch.float32 and loss == 80

    def test_option(self):
        with pytest.raises(ValueError, match='class_reduction'):
            SoftTargetBCELoss('max')


def test_feature_distillation():
    maps = [torch.zeros(2, 3, 4, 4, requires_grad=True), torch.ones(1, 2, 2)]
    other = [torch.full((2, 3, 4, 4), 2.), torch.zeros(1, 2, 2)]
    loss = FeatureDistillationLoss(loss_weight=3.)(maps, other)
    assert loss.item() == pytest.approx(3 * (4 + 1) / 2)
    loss.backward()
    assert torch.allclose(maps[0].grad, torch.full((2, 3, 4, 4), -6. / 96))


def test_feature_distillation_of_other_shapes():
    """Broadcasting would compare other images."""
    maps = [torch.zeros(3, 4, 8, 8)]
    with pytest.raises(ValueError, match='set model.loss_feature to None'):
        FeatureDistillationLoss()(maps, [torch.zeros(4, 8, 8)])


def contrast(vectors, labels, num_classes=2, num_old=1, **kwargs):
    """The loss of pixels in a row."""
    kwargs = dict(loss_weight=1., temperature=0.1, **kwargs)
    vectors = torch.tensor(vectors, dtype=torch.float32).T[None, :, None]
    vectors.requires_grad_()
    loss = DenseContrastiveLoss(**kwargs)(vectors, torch.tensor([[labels]]),
                                          num_classes, num_old)
    loss.backward()
    assert vectors.grad.isfinite().all()
    return loss.item()


class TestDenseContrastive:

    def test_numbers(self):
        e, f = (1., 0.), (0., 1.)
        assert contrast([e, e, f], [1, 1, 0]) == pytest.approx(
            math.log1p(math.exp(-10)), rel=1e-3)
        # one positive as far as can be, a negative that is the same
        found = contrast([e, f, e], [1, 1, 0])
        first, second = math.log1p(math.exp(10)), math.log(2)
        assert found == pytest.approx((first + second) / 2, rel=1e-6)
        for temperature in (0.1, 0.7):
            loss = DenseContrastiveLoss(
                temperature, loss_weight=1.)(torch.ones(1, 4, 1, 5),
                                             torch.tensor([[[1, 1, 0, 0, 0]]]),
                                             2, 1)
            assert loss.item() == pytest.approx(math.log(4))

    def test_no_anchor(self):
        e = (1., 2.)
        assert contrast([e, e], [0, 0]) == 0  # old ones are negatives only
        assert contrast([e, e], [1, 0]) == 0  # no positive
        assert contrast([e, e], [255, 255]) == 0
        assert contrast([e, e], [1, 1]) == 0  # no negative
        assert contrast([e, e, e], [0, 0, 1], anchors='all') > 0

    def test_against_the_formula(self):
        torch.manual_seed(0)
        embedding = torch.randn(2, 6, 3, 4, requires_grad=True)
        labels = torch.randint(0, 4, (2, 3, 4))
        labels[0, 0, 0] = 255
        loss = DenseContrastiveLoss(
            0.5, num_samples=99, loss_weight=2.)(embedding, labels, 4, 2)
        grad, = torch.autograd.grad(loss, embedding)
        unit = F.normalize(embedding.permute(0, 2, 3, 1).reshape(-1, 6), dim=1)
        flat, terms = labels.flatten(), []
        for i in range(24):
            if not 2 <= flat[i] < 4:
                continue
            near = [j for j in range(24) if flat[j] == flat[i] and j != i]
            far = [j for j in range(24) if flat[j] not in (flat[i], 255)]
            if not near:
                continue
            bottom = (unit[i] @ unit[far].T / 0.5).exp().sum()
            term = 0
            for j in near:
                top = (unit[i] @ unit[j] / 0.5).exp()
                term = term - (top / (top + bottom)).log() / len(near)
            terms.append(term)
        expected = 2 * sum(terms) / len(terms)
        assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
        other, = torch.autograd.grad(expected, embedding)
        assert torch.allclose(grad, other, atol=1e-6)

    def test_sampling(self):
        loss = DenseContrastiveLoss(num_samples=3)
        labels = torch.tensor([0] * 9 + [2] * 2 + [255] * 4)
        index, valid = loss.sample(labels, 3)
        assert index.shape == valid.shape == (3, 3)
        assert valid.sum(1).tolist() == [3, 0, 2]
        assert (labels[index][valid] == torch.tensor([0, 0, 0, 2, 2])).all()
        torch.manual_seed(1)
        drawn = {tuple(loss.sample(labels, 3)[0][0].tolist()) for _ in '1234'}
        assert len(drawn) > 1

    def test_options(self):
        with pytest.raises(ValueError, match='temperature'):
            DenseContrastiveLoss(0)
        with pytest.raises(ValueError, match='anchors'):
            DenseContrastiveLoss(anchors='old')
