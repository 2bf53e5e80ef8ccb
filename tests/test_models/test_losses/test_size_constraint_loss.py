import math

import pytest
import torch
from mmengine.logging import MessageHub

from mmseg_ext.models.losses import SizeConstraintLoss, solve_size_constraints


def stats(alpha, delta, gamma):
    return dict(
        classes=[f'c{i}' for i in range(len(alpha))],
        num_images=1,
        image_counts=[1] * len(alpha),
        pixel_counts=[1] * len(alpha),
        alpha=alpha,
        delta=delta,
        gamma=gamma)


@pytest.fixture(autouse=True)
def hub():
    return MessageHub.get_instance('size_constraint_loss')


def everywhere(logits):
    n, _, h, w = logits.shape
    return torch.ones(n, h, w, dtype=torch.bool)


def solve(logits, low, high, allowed=None, **kwargs):
    logits = torch.as_tensor(logits)
    b, c, n = logits.shape
    if allowed is None:
        allowed = torch.ones(b, c, dtype=torch.bool)
    low = torch.as_tensor(low, dtype=logits.dtype).expand(b, c)
    high = torch.as_tensor(high, dtype=logits.dtype).expand(b, c)
    weight = torch.full((b, n), 1 / n, dtype=logits.dtype)
    return solve_size_constraints(logits, weight, allowed, low, high, **kwargs)


@pytest.mark.parametrize('low, high, lower, upper, prob', [
    (0.7, 1., 0.847298, 0., 0.7),
    (0.95, 1., 2., 0., 0.880797),
    (0., 0.2, 0., 1.386294, 0.2),
    (0.3, 0.6, 0., 0., 0.5),
])
def test_published_solutions(low, high, lower, upper, prob):
    found = solve(torch.zeros(1, 2, 100), [low, 0.], [high, 1.])
    assert found.lower[0].tolist() == pytest.approx([lower, 0.], abs=1e-4)
    assert found.upper[0].tolist() == pytest.approx([upper, 0.], abs=1e-4)
    expected = torch.tensor([prob, 1 - prob])
    torch.testing.assert_close(
        found.distribution.mean(2)[0], expected, atol=1e-4, rtol=0)


def random_problem(seed, num_classes=11, num_pixels=2048, batch=3):
    generator = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(
        batch, num_classes, num_pixels, generator=generator)
    low = torch.rand(num_classes, generator=generator) / num_classes
    high = low + torch.rand(num_classes, generator=generator) / 5
    offset = torch.randn(batch, num_classes, 1, generator=generator)
    return logits + offset, low, high


@pytest.mark.parametrize('seed', [0, 1])
def test_random_problems_meet_the_optimality_conditions(seed):
    logits, low, high = random_problem(seed)
    found = solve(logits, low, high)
    mean = found.distribution.mean(2)
    tolerance = 1e-4
    assert torch.all((found.lower < tolerance)
                     | ((mean - low).abs() < tolerance)
                     | (found.lower > 2 - tolerance))
    assert torch.all((found.upper < tolerance)
                     | ((mean - high).abs() < tolerance))
    assert torch.all((mean <= high + tolerance)
                     & ((mean >= low - tolerance)
                        | (found.lower > 2 - tolerance)))
    expected = (logits + (found.lower - found.upper)[:, :, None]).softmax(1)
    torch.testing.assert_close(
        found.distribution, expected, atol=1e-5, rtol=1e-4)
    assert found.num_iters < 300


def test_batch_is_solved_as_its_images():
    logits, low, high = random_problem(2)
    together = solve(logits, low, high)
    for i in range(len(logits)):
        alone = solve(logits[i:i + 1], low, high)
        torch.testing.assert_close(
            alone.distribution[0],
            together.distribution[i],
            atol=1e-5,
            rtol=1e-4)


@pytest.mark.parametrize('low, high', [
    ([0.6, 0.5, 0.3], [0.9, 0.8, 0.9]),
    ([0., 0., 0.], [0.2, 0.3, 0.1]),
    ([0.5, 0.1, 0.1], [0.2, 0.8, 0.9]),
    ([0., 0., 0.], [0., 0.9, 0.9]),
])
def test_contradictions_end_finite(low, high):
    logits = torch.randn(2, 3, 500, generator=torch.Generator().manual_seed(0))
    found = solve(logits, low, high)
    assert found.num_iters <= 300
    assert all(torch.isfinite(value).all() for value in found[:3])
    sums = found.distribution.sum(1)
    torch.testing.assert_close(sums, torch.ones_like(sums))


def test_satisfied_constraints_ask_for_nothing():
    torch.manual_seed(0)
    logits = torch.randn(2, 3, 8, 9, requires_grad=True)
    wide = stats([0.] * 3, [0.] * 3, [1.] * 3)
    loss = SizeConstraintLoss(wide, loss_weight=1.)(logits, everywhere(logits))
    loss.backward()
    assert abs(loss.item()) < 1e-6
    assert logits.grad.abs().max() < 1e-6


def test_absent_class_gets_nothing_and_is_pushed_down():
    torch.manual_seed(0)
    logits = torch.randn(1, 3, 10, 10)
    logits[:, 2] -= 20
    logits[0, 2, 0, 0] = 9.  # 1 % of the pixels: below 0.1 * 0.2
    logits.requires_grad_()
    table = stats([0., 0., 0.2], [0., 0., 0.3], [1., 1., 0.5])
    loss = SizeConstraintLoss(table, loss_weight=1., large_class_weight=1.)
    loss(logits, everywhere(logits)).backward()
    prob = logits.detach().softmax(1)
    assert loss.figures['present_classes'] == 2
    # P is 0 there, so the gradient is Q / n.
    torch.testing.assert_close(logits.grad[:, 2], prob[:, 2] / 100)
    assert logits.grad[0, 2, 0, 0] > 0


def reference(logits, low, high, absent=()):
    """Loss and gradient of one image, by unhurried descent of the dual."""
    logits = logits.flatten(1)
    allowed = torch.ones(len(logits), dtype=torch.bool)
    allowed[list(absent)] = False
    shift = torch.zeros(len(logits), 2, dtype=logits.dtype)
    for _ in range(500):  # plain projected gradient
        shifted = logits + (shift[:, 0] - shift[:, 1])[:, None]
        mean = shifted[allowed].softmax(0).mean(1)
        shift[allowed, 0] -= mean - low[allowed]
        shift[allowed, 1] -= high[allowed] - mean
        shift[:, 0].clamp_(0, 2)
        shift[:, 1].clamp_(0, 50)
    prob = torch.zeros_like(logits)
    prob[allowed] = (logits +
                     (shift[:, 0] - shift[:, 1])[:, None])[allowed].softmax(0)
    log_q = logits.log_softmax(0)
    loss = (torch.xlogy(prob, prob) - prob * log_q).sum(0).mean()
    return loss, (log_q.exp() - prob) / logits.shape[1]


def test_matches_formula():
    torch.manual_seed(0)
    logits = 2 * torch.randn(2, 4, 5, 6, dtype=torch.float64)
    logits[:, 3] = -9.
    low = torch.tensor([0.5, 0.05, 0.1, 0.1], dtype=torch.float64)
    high = torch.tensor([0.8, 0.2, 0.9, 0.9], dtype=torch.float64)
    table = stats([0.05] * 4, low.tolist(), high.tolist())
    loss = SizeConstraintLoss(table, loss_weight=0.5)
    leaf = logits.clone().requires_grad_()
    found = loss(leaf, everywhere(logits))
    found.backward()
    parts = [reference(image, low, high, absent=[3]) for image in logits]
    expected = 0.5 * sum(value for value, _ in parts) / 2
    assert found.item() == pytest.approx(expected.item(), abs=1e-5)
    grad = 0.25 * torch.stack([grad for _, grad in parts])
    difference = (leaf.grad.flatten(2) - grad).abs().max().item()
    assert difference < 1e-6, difference
    assert loss.figures['active_lower'] >= 1


def test_gradient_of_large_classes_is_scaled():
    torch.manual_seed(0)
    logits = torch.randn(1, 3, 6, 7)
    table = stats([0.3, 0.01, 0.02], [0.6, 0.05, 0.1], [0.7, 0.2, 0.3])
    results = []
    for options in (dict(large_class_weight=1.), dict(),
                    dict(large_classes=['c1'])):
        leaf = logits.clone().requires_grad_()
        loss = SizeConstraintLoss(table, **options)(leaf, everywhere(leaf))
        loss.backward()
        results.append((loss.item(), leaf.grad[0].flatten(1)))
    (plain, grad), *scaled = results
    for (value, found), factors in zip(scaled, [[0.1, 1, 1], [1, 0.1, 1]]):
        assert value == plain
        assert torch.allclose(found,
                              grad * torch.tensor(factors)[:, None], 1e-6,
                              1e-10)


def test_classes_that_are_not_listed_are_free():
    torch.manual_seed(0)
    logits = torch.randn(1, 3, 6, 7)
    logits[:, 0] -= 2.  # too rare to be present, if it were listed
    table = stats([0.9, 0., 0.], [0.9, 0., 0.], [0.95, 1., 1.])
    loss = SizeConstraintLoss(
        table, presence_ratio=1., classes=['c1', 'c2'], loss_weight=1.)
    assert loss(logits, everywhere(logits)).item() < 1e-6
    full = SizeConstraintLoss(table, presence_ratio=1., loss_weight=1.)
    assert full(logits, everywhere(logits)).item() > 0.01


def test_padding_does_not_count():
    torch.manual_seed(0)
    table = stats([0.] * 3, [0.5, 0.1, 0.1], [0.8, 0.2, 0.9])
    loss = SizeConstraintLoss(table)
    logits = torch.randn(1, 3, 6, 8, requires_grad=True)
    valid = torch.ones(1, 48, 64, dtype=torch.bool)
    valid[:, :, 40:] = False
    found = loss(logits, valid)
    part = logits[..., :5]
    assert found.item() == pytest.approx(
        loss(part, everywhere(part)).item(), rel=1e-4)
    found.backward()
    assert logits.grad[..., 5:].abs().max() == 0


def test_image_without_pixels_leaves_the_others_as_they_are():
    torch.manual_seed(0)
    table = stats([0.] * 3, [0.5, 0.1, 0.1], [0.8, 0.2, 0.9])
    loss = SizeConstraintLoss(table)
    logits = torch.randn(2, 3, 6, 8)
    valid = everywhere(logits)
    valid[1] = False
    assert loss(logits, valid).item() == pytest.approx(
        loss(logits[:1], valid[:1]).item(), rel=1e-5)


@pytest.mark.parametrize('alpha', [0., 1.])
def test_connected_zero_without_pixels_or_classes(alpha):
    # alpha = 1 with so large a ratio: no class is present anywhere.
    table = stats([alpha] * 3, [0.5, 0.1, 0.1], [0.8, 0.2, 0.9])
    loss = SizeConstraintLoss(table, presence_ratio=10.)
    logits = torch.randn(2, 3, 4, 4, requires_grad=True)
    valid = everywhere(logits) if alpha else ~everywhere(logits)
    found = loss(logits, valid)
    found.backward()
    assert found.item() == 0
    assert torch.equal(logits.grad, torch.zeros_like(logits))


def test_one_present_class_takes_all():
    logits = torch.zeros(1, 2, 4, 4)
    logits[:, 0] = 1.
    table = stats([0.] * 2, [0.3, 0.3], [0.5, 0.5])
    loss = SizeConstraintLoss(table, loss_weight=1.)
    found = loss(logits, everywhere(logits))
    assert found.item() == pytest.approx(math.log(1 + math.exp(-1)), abs=1e-5)


def test_stride_takes_every_nth_pixel():
    torch.manual_seed(0)
    table = stats([0.] * 3, [0.5, 0.1, 0.1], [0.8, 0.2, 0.9])
    logits = torch.randn(1, 3, 8, 12)
    sparse = SizeConstraintLoss(table, resize_to='input', stride=4)
    part = logits[..., ::4, ::4]
    assert sparse(logits, everywhere(logits)).item() == pytest.approx(
        SizeConstraintLoss(table)(part, everywhere(part)).item(), rel=1e-5)


def test_float32_under_autocast():
    torch.manual_seed(0)
    table = stats([0.] * 3, [0.5, 0.1, 0.1], [0.8, 0.2, 0.9])
    logits = torch.randn(1, 3, 8, 12)
    expected = SizeConstraintLoss(table)(logits, everywhere(logits))
    with torch.autocast('cpu', dtype=torch.bfloat16):
        loss = SizeConstraintLoss(table)(logits, everywhere(logits))
    assert loss.dtype == torch.float32 and torch.equal(loss, expected)


def test_statistics_stay_out_of_the_checkpoint():
    loss = SizeConstraintLoss(stats([0.], [0.5], [0.8]))
    assert not loss.state_dict()
    assert (loss.num_classes, loss.resize_to) == (1, None)


@pytest.mark.parametrize('options, match', [
    (dict(slack=-1.), 'slack'),
    (dict(stride=0), 'stride'),
    (dict(num_iters=0), 'num_iters'),
    (dict(classes=['road']), "classes names 'road'"),
    (dict(large_classes=['road']), "large_classes names 'road'"),
])
def test_impossible_settings(options, match):
    with pytest.raises(ValueError, match=match):
        SizeConstraintLoss(stats([0.], [0.5], [0.8]), **options)
