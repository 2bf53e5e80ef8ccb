import math

import pytest
import torch
import torch.nn.functional as F

from mmseg_ext.models.losses import QueryTextContrastiveLoss


def reference(queries, texts, theta):
    """The formula, image by image."""
    q = [F.normalize(x.flatten(), dim=0) for x in queries]
    t = [F.normalize(x.flatten(), dim=0) for x in texts]
    scale = min(math.exp(theta), 100.)
    total = 0.
    for b in range(len(q)):
        own = scale * torch.dot(q[b], t[b])
        over_texts = torch.stack([scale * torch.dot(q[b], x) for x in t])
        over_images = torch.stack([scale * torch.dot(t[b], x) for x in q])
        total += 2 * -own + over_texts.logsumexp(0) + over_images.logsumexp(0)
    return total / len(q)


def test_formula_and_gradient():
    torch.manual_seed(0)
    loss = QueryTextContrastiveLoss(loss_weight=0.5).double()
    queries = torch.randn(3, 5, 4, dtype=torch.float64, requires_grad=True)
    texts = torch.randn(3, 5, 4, dtype=torch.float64, requires_grad=True)
    ours = loss(queries, texts)
    wanted = 0.5 * reference(queries, texts, math.log(1 / 0.07))
    assert torch.allclose(ours, wanted, atol=1e-6)
    for one, other in zip(
            torch.autograd.grad(ours, (queries, texts)),
            torch.autograd.grad(wanted, (queries, texts))):
        assert torch.allclose(one, other, atol=1e-6)


def test_value_at_the_start():
    """Orthogonal images, each equal to its texts."""
    loss = QueryTextContrastiveLoss(loss_weight=1.)
    assert float(loss.logit_scale) == pytest.approx(2.6593, abs=1e-4)
    vectors = torch.eye(4).view(4, 2, 2)
    assert float(loss(vectors, vectors)) == pytest.approx(
        2 * math.log(1 + 3 * math.exp(-1 / 0.07)), abs=1e-6)


def test_scale_is_learned_and_capped():
    loss = QueryTextContrastiveLoss()
    x = torch.randn(2, 3, 4)
    loss(x, torch.randn(2, 3, 4)).backward()
    assert loss.logit_scale.grad != 0
    with torch.no_grad():
        loss.logit_scale.fill_(50.)
    assert torch.isfinite(loss(x, torch.randn(2, 3, 4)))


def test_one_image():
    """Nothing to tell apart: zero, but connected."""
    loss = QueryTextContrastiveLoss()
    x = torch.randn(1, 3, 4, requires_grad=True)
    value = loss(x, torch.randn(1, 3, 4))
    value.backward()
    assert value == 0 and x.grad is not None and loss.logit_scale.grad == 0


def test_half_precision():
    loss = QueryTextContrastiveLoss()
    x, y = torch.randn(2, 3, 4), torch.randn(2, 3, 4)
    with torch.autocast('cpu', torch.bfloat16):
        value = loss(x.bfloat16(), y.bfloat16())
    assert value.dtype == torch.float32


def test_refusals():
    with pytest.raises(ValueError, match='temperature'):
        QueryTextContrastiveLoss(temperature=0)
    with pytest.raises(ValueError, match='one shape'):
        QueryTextContrastiveLoss()(torch.ones(1, 2, 3), torch.ones(1, 3, 3))
