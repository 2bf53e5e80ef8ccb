import math

import pytest
import torch
import torch.nn.functional as F

from mmseg_ext.models.losses import PixelContrastLoss, sample_windows


def reference(student, teacher, labels, valid, mode, tau):
    """The loss of one window that is the whole map, written out in loops."""

    def pixels(maps):
        return maps.permute(0, 2, 3, 1).flatten(0, 2)

    keep = pixels(valid[:, None]).squeeze(1)
    f = F.normalize(pixels(student), dim=1)[keep].double()
    g = F.normalize(pixels(teacher), dim=1)[keep].double()
    y = pixels(labels[:, None]).squeeze(1)[keep]
    same = y[:, None] == y[None]
    if mode == 'per_anchor':
        d = torch.exp(f @ g.T / tau)
        losses = [
            -torch.log(d[i][same[i]].sum() / d[i].sum())
            for i in range(len(y))
        ]
        return sum(losses) / len(y)
    d = torch.exp(g @ f.T / tau)
    losses = []
    for c in y.unique():
        rows = d[y == c]
        losses.append(-torch.log(rows[:, y == c].sum() / rows.sum()) /
                      (y == c).sum())
    return sum(losses) / len(losses)


def example(seed=0, n=2, d=8, h=6, w=7, num_classes=4):
    generator = torch.Generator().manual_seed(seed)
    student = torch.randn(n, d, h, w, generator=generator)
    teacher = torch.randn(n, d, h, w, generator=generator)
    labels = torch.randint(num_classes, (n, h, w), generator=generator)
    valid = torch.rand(n, h, w, generator=generator) > 0.3
    return student, teacher, labels, valid


def prototypes():
    labels = torch.zeros(1, 4, 4, dtype=torch.long)
    labels[:, 0] = 1
    embedding = F.one_hot(labels, 2).permute(0, 3, 1, 2).float()
    return embedding, labels, torch.ones(1, 4, 4, dtype=torch.bool)


@pytest.mark.parametrize('mode, identical, expected', [
    ('per_class', True, 0.1852735),
    ('per_class', False, 0.0444326),
    ('per_anchor', False, 0.1182811),
])
def test_published_numbers(mode, identical, expected):
    embedding, labels, valid = prototypes()
    if identical:
        embedding = torch.ones_like(embedding)
    loss = PixelContrastLoss(mode)(embedding, embedding, labels, valid)
    assert loss.item() == pytest.approx(expected, abs=1e-6)


def test_published_number_with_invalid_row():
    embedding, labels, valid = prototypes()
    valid[:, -1] = False
    loss = PixelContrastLoss('per_class')(embedding, embedding, labels, valid)
    assert loss.item() == pytest.approx(0.0340354, abs=1e-6)


@pytest.mark.parametrize('mode', ['per_anchor', 'per_class'])
@pytest.mark.parametrize('tau', [0.5, 0.07, 0.01])
@pytest.mark.parametrize('max_pairs', [None, 100])
def test_matches_formula(mode, tau, max_pairs):
    student, teacher, labels, valid = example()
    labels = labels * 300  # class indices may be any
    module = PixelContrastLoss(mode, tau, num_windows=1, max_pairs=max_pairs)
    # The window covers a square only: compare on it.
    side = 6
    cut = (slice(None), slice(None), slice(0, side), slice(0, side))
    leaf = student.clone().requires_grad_()
    loss = module(leaf, teacher, labels, valid, torch.tensor([[0, 0]]))
    loss.backward()
    other = student.clone().requires_grad_()
    expected = reference(other[cut], teacher[cut], labels[:, :side, :side],
                         valid[:, :side, :side], mode, tau)
    expected.backward()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-4)
    difference = (leaf.grad - other.grad).abs().max().item()
    assert difference < 1e-4 * other.grad.abs().max().item(), difference


def test_mean_over_windows_counts_empty_ones():
    student, teacher, labels, valid = example(h=8, w=8)
    valid[:, :4, :4] = False
    valid[:, 4:, 4:] = True
    module = PixelContrastLoss(window_size=4)
    full = module(student, teacher, labels, valid, torch.tensor([[4, 4]]))
    half = module(student, teacher, labels, valid,
                  torch.tensor([[0, 0], [4, 4]]))
    assert full > 0
    assert half.item() == pytest.approx(full.item() / 2, rel=1e-5)


@pytest.mark.parametrize('mode', ['per_anchor', 'per_class'])
def test_connected_zero_without_valid_pixels(mode):
    student, teacher, labels, valid = example()
    student.requires_grad_()
    loss = PixelContrastLoss(mode)(student, teacher, labels, valid & False)
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(student.grad, torch.zeros_like(student))


@pytest.mark.parametrize('mode', ['per_anchor', 'per_class'])
def test_gradient_reaches_student_only(mode):
    student, teacher, labels, valid = example()
    student.requires_grad_()
    teacher.requires_grad_()
    PixelContrastLoss(mode)(student, teacher, labels, valid).backward()
    assert teacher.grad is None
    invalid = ~valid[:, None].expand_as(student)
    assert student.grad[invalid].abs().max() == 0
    assert student.grad.abs().max() > 0


def test_float32_under_autocast():
    student, teacher, labels, valid = example()
    module = PixelContrastLoss(num_windows=1)
    offsets = torch.tensor([[0, 1]])
    expected = module(student, teacher, labels, valid, offsets)
    leaf = student.clone().requires_grad_()
    with torch.autocast('cpu', dtype=torch.bfloat16):
        loss = module(leaf, teacher, labels, valid, offsets)
        loss.backward()
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(expected.item(), rel=1e-6)


def test_max_anchors_takes_valid_pixels_first():
    student, teacher, labels, valid = example()
    valid = torch.zeros_like(valid)
    valid[0, 0, :3] = True
    offsets = torch.tensor([[0, 0]])
    expected = PixelContrastLoss()(student, teacher, labels, valid, offsets)
    few = PixelContrastLoss(max_anchors=3)
    loss = few(student, teacher, labels, valid, offsets)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)


def test_windows_lie_within_the_map():
    torch.manual_seed(0)
    offsets = sample_windows(200, 4, 5, 9)
    assert offsets.min(0).values.tolist() == [0, 0]
    assert offsets.max(0).values.tolist() == [1, 5]
    assert sample_windows(3, 32, 5, 5).abs().max() == 0


def test_window_outside_is_refused():
    student, teacher, labels, valid = example()
    with pytest.raises(ValueError, match='window_offsets'):
        PixelContrastLoss(window_size=4)(student, teacher, labels, valid,
                                         torch.tensor([[3, 0]]))


@pytest.mark.parametrize('kwargs, field', [
    (dict(mode='per_pixel'), 'mode'),
    (dict(temperature=0.), 'temperature'),
    (dict(num_windows=0), 'num_windows'),
    (dict(mode='per_class', max_anchors=9), 'max_anchors'),
])
def test_impossible_settings(kwargs, field):
    with pytest.raises(ValueError, match=field):
        PixelContrastLoss(**kwargs)


def test_loss_weight_and_name():
    student, teacher, labels, valid = example()
    offsets = torch.tensor([[0, 0]])
    once = PixelContrastLoss()
    twice = PixelContrastLoss(loss_weight=2., loss_name='loss_pixel')
    args = (student, teacher, labels, valid, offsets)
    assert math.isclose(twice(*args), 2 * once(*args), rel_tol=1e-6)
    assert (once.loss_name, twice.loss_name) == ('loss_contrast', 'loss_pixel')
