import mmseg_ext  # noqa: F401

# isort: split
import pytest
import torch
from mmseg.registry import MODELS

from mmseg_ext.models.losses import OHEMCrossEntropyLoss


def reference(logits, labels, thresh, min_kept, ignore_index=255):
    """Pixel by pixel: the mean over the hard ones."""
    pixels = []
    log_prob = logits.log_softmax(1)
    for n, row, column in torch.cartesian_prod(
            *[torch.arange(size) for size in labels.shape]).tolist():
        label = int(labels[n, row, column])
        if label != ignore_index:
            pixels.append(log_prob[n, label, row, column])
    pixels.sort(key=float)
    hard = [value for value in pixels if float(value.exp()) <= thresh]
    if len(hard) < min_kept:
        hard = pixels[:min_kept]
    return -sum(hard) / len(hard)


@pytest.mark.parametrize('thresh,min_kept', [(0.7, 1), (0.1, 9), (0.1, 1000),
                                             (0., 1), (1., 3)])
def test_value_and_gradient(thresh, min_kept):
    torch.manual_seed(0)
    logits = (3 * torch.randn(2, 4, 5, 6)).double()
    labels = torch.randint(4, (2, 5, 6))
    labels[:, :2] = 255
    grads = []
    values = []
    for function in (lambda x: reference(x, labels, thresh, min_kept),
                     lambda x: OHEMCrossEntropyLoss(thresh, min_kept)
                     (x, labels)):
        x = logits.clone().requires_grad_()
        value = function(x)
        value.backward()
        values.append(value.double())
        grads.append(x.grad)
    torch.testing.assert_close(*values, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(*grads, rtol=1e-5, atol=1e-6)


def test_all_hard_is_plain_cross_entropy():
    torch.manual_seed(0)
    logits, labels = torch.randn(1, 3, 4, 4), torch.randint(3, (1, 4, 4))
    labels[0, 0] = 255
    torch.testing.assert_close(
        OHEMCrossEntropyLoss(min_kept=100, loss_weight=2.)(logits, labels), 2 *
        torch.nn.functional.cross_entropy(logits, labels, ignore_index=255))


def test_nothing_labelled_is_a_connected_zero():
    logits = torch.randn(1, 3, 4, 4, requires_grad=True)
    loss = OHEMCrossEntropyLoss()(logits, torch.full((1, 4, 4), 255))
    assert loss == 0
    loss.backward()
    assert (logits.grad == 0).all()


def test_float32_under_autocast():
    logits = torch.randn(1, 3, 4, 4).bfloat16()
    with torch.autocast('cpu', dtype=torch.bfloat16):
        loss = OHEMCrossEntropyLoss()(logits, torch.zeros(1, 4, 4).long())
    assert loss.dtype == torch.float32


def test_a_decode_head_takes_it():
    head = MODELS.build(
        dict(
            type='FCNHead',
            in_channels=4,
            channels=4,
            num_classes=3,
            loss_decode=dict(type='OHEMCrossEntropyLoss', min_kept=10)))
    assert head.loss_decode.loss_name == 'loss_ohem'
    logits = torch.randn(1, 3, 4, 4)
    loss = head.loss_decode(
        logits, torch.zeros(1, 4, 4).long(), weight=None, ignore_index=255)
    assert torch.isfinite(loss)


@pytest.mark.parametrize('field,value', [('thresh', 7), ('min_kept', 0)])
def test_wrong_arguments_are_named(field, value):
    with pytest.raises(ValueError, match=f'{field} must.*{value}'):
        OHEMCrossEntropyLoss(**{field: value})
