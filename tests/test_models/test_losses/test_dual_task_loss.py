import pytest
import torch
import torch.nn.functional as F

import mmseg_ext  # noqa: F401
from mmseg_ext.models.losses import DualTaskLoss


def card(size=64):
    """A square and a half plane of other classes."""
    label = torch.zeros(1, size, size, dtype=torch.long)
    label[:, size // 2:] = 1
    label[:, size // 4:size // 2, size // 4:size // 2] = 2
    return label


def certain(label, classes=3):
    valid = label.clamp(max=classes - 1)
    return 50 * F.one_hot(valid, classes).permute(0, 3, 1, 2).float()


@pytest.mark.parametrize('relaxation', ['straight_through', 'soft'])
@pytest.mark.parametrize('void', [False, True])
def test_perfect_prediction(relaxation, void):
    label = card()
    logits = certain(label)
    if void:
        label[:, 20:40, 25:50] = 255
    torch.manual_seed(0)
    loss = DualTaskLoss(relaxation=relaxation)(logits, label)
    assert loss < 1e-6


def test_grows_with_the_distance_of_the_boundaries():
    loss = DualTaskLoss()
    values = [
        loss(certain(card().roll(shift, 1)), card()).item()
        for shift in (1, 3, 6)
    ]
    assert 0.05 < values[0] < values[1] < values[2]


def test_a_step_is_the_unit():
    label = torch.zeros(1, 2, 32, 32)
    label[:, 0, :, :16] = 1
    label[:, 1, :, 16:] = 1
    found = DualTaskLoss().boundaries(label)
    assert found.max().item() == pytest.approx(1, abs=1e-2)
    assert found[..., :10].abs().max() == 0
    # no step at the frame of the image
    flat = DualTaskLoss().boundaries(torch.ones(1, 1, 32, 32))
    assert flat.abs().max() < 1e-6


def test_does_not_depend_on_the_rest_of_the_batch():
    logits, label = certain(card().roll(3, 1)), card()
    loss = DualTaskLoss()
    assert torch.isclose(
        loss(logits, label),
        loss(logits.repeat(2, 1, 1, 1), label.repeat(2, 1, 1)))


def test_gradient_of_the_soft_relaxation():
    loss = DualTaskLoss(relaxation='soft', radius=2)
    torch.manual_seed(0)
    logits = torch.randn(1, 3, 9, 8, requires_grad=True)
    label = torch.randint(3, (1, 9, 8))

    def value(x):
        torch.manual_seed(1)  # the same noise each time
        return loss(x, label)

    grad, = torch.autograd.grad(value(logits), logits)
    step = torch.randn_like(logits)
    step = step / step.norm()
    with torch.no_grad():
        slope = (value(logits + 1e-2 * step) -
                 value(logits - 1e-2 * step)) / 2e-2
    assert (grad * step).sum().item() == pytest.approx(slope.item(), rel=0.05)


def test_straight_through_passes_a_gradient():
    logits = torch.randn(1, 3, 16, 16, requires_grad=True)
    DualTaskLoss()(logits, card(16)).backward()
    assert logits.grad.abs().sum() > 0 and logits.grad.isfinite().all()


def test_all_void_and_one_channel():
    logits = torch.randn(1, 1, 16, 16, requires_grad=True)
    loss = DualTaskLoss()(logits, torch.full((1, 16, 16), 255))
    assert loss == 0
    loss.backward()
    label = torch.zeros(1, 16, 16, dtype=torch.long)
    label[:, :, 8:] = 1
    assert DualTaskLoss()(logits, label) > 0


@pytest.mark.parametrize('options', [
    dict(relaxation='hard'),
    dict(normalize='mean'),
    dict(radius=3),
])
def test_errors(options):
    with pytest.raises(ValueError, match=f'loss_dual.{[*options][0]}'):
        DualTaskLoss(**options)


def zero_padded_differences(maps):
    """Half the difference of the neighbours, zeros outside."""
    kernel = torch.tensor([-0.5, 0., 0.5]).repeat(maps.shape[1], 1, 1, 1)
    right = F.conv2d(maps, kernel, padding=(0, 1), groups=maps.shape[1])
    kernel = kernel.transpose(2, 3)
    down = F.conv2d(maps, kernel, padding=(1, 0), groups=maps.shape[1])
    return right, down


def test_equals_the_public_codes():
    """Soft, zero padding, relative to the largest value."""
    label = card(32)
    torch.manual_seed(0)
    logits = torch.randn(1, 3, 32, 32)
    options = dict(
        relaxation='soft',
        temperature=0.5,
        normalize='max',
        padding='zero',
        threshold=1e-8)
    torch.manual_seed(1)
    found = DualTaskLoss(**options)(logits, label)

    torch.manual_seed(1)
    soft = F.gumbel_softmax(logits, 0.5, dim=1)
    one_hot = F.one_hot(label, 3).permute(0, 3, 1, 2).float()
    triangle = torch.tensor([1., 2, 3, 4, 5, 4, 3, 2, 1]) / 25
    magnitudes = []
    for maps in (soft, one_hot):
        rows = torch.cat(
            [maps[:, :, :4].flip(2), maps, maps[:, :, -4:].flip(2)], 2)
        both = torch.cat([rows[..., :4].flip(3), rows, rows[..., -4:].flip(3)],
                         3)
        kernel = (triangle[:, None] * triangle).repeat(3, 1, 1, 1)
        right, down = zero_padded_differences(F.conv2d(both, kernel, groups=3))
        magnitude = (right**2 + down**2 + 1e-6).sqrt()
        magnitudes.append(magnitude / magnitude.max())
    error = (magnitudes[0] - magnitudes[1]).abs()
    expected = 0.5 * sum(error[m >= 1e-8].mean() for m in magnitudes)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize('padding', ['one_sided', 'zero'])
def test_sobel_kernel(padding):
    torch.manual_seed(0)
    maps = torch.rand(1, 2, 9, 8)
    kernel = torch.tensor([[-1., 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 8
    kernel = kernel.repeat(2, 1, 1, 1)
    loss = DualTaskLoss(kernel='sobel', normalize='none', padding=padding)
    found = loss.boundaries(maps)
    right = F.conv2d(maps, kernel, padding=1, groups=2)
    down = F.conv2d(maps, kernel.transpose(2, 3), padding=1, groups=2)
    expected = (right**2 + down**2 + 1e-6).sqrt() - 1e-3
    inside = (..., slice(1, -1), slice(1, -1))
    torch.testing.assert_close(found[inside], expected[inside])
    if padding == 'zero':
        torch.testing.assert_close(found, expected)
    else:  # no answer of the frame
        assert loss.boundaries(torch.ones(1, 1, 9, 8)).max() == 0
    step = torch.zeros(1, 1, 9, 8)
    step[..., 4:] = 1
    units = DualTaskLoss(kernel='sobel').boundaries(step)
    assert units.max().item() == pytest.approx(1, abs=1e-2)


@pytest.mark.parametrize('field', ['kernel', 'padding'])
def test_refuses_unknown_options(field):
    with pytest.raises(ValueError, match=field):
        DualTaskLoss(**{field: 'other'})
