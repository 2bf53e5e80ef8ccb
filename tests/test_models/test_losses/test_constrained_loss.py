import math

import pytest
import torch
import torch.nn.functional as F

from mmseg_ext.models.losses import (ErrorSimulationGate, constrained_gate,
                                     valid_cross_entropy)


@pytest.mark.parametrize('aux, alpha, opened', [
    (1.2, 20., 1.),
    (0.9, 20., 0.),
    (1.0, 20., 1.),
    (2.6, 50., 1.),
])
def test_published_gates(aux, alpha, opened):
    aux = torch.tensor(aux, requires_grad=True)
    gate = constrained_gate(aux, torch.tensor(0.05), alpha)
    assert gate.item() == opened and not gate.requires_grad


def test_multiplied_gate_gives_zero_gradient():
    aux = torch.tensor(0.9, requires_grad=True)
    (aux * constrained_gate(aux, torch.tensor(0.05), 20.)).backward()
    assert aux.grad.item() == 0


def example():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(3, 4, 5, 6, generator=generator)
    labels = torch.randint(4, (3, 5, 6), generator=generator)
    labels[0, :2] = 255
    labels[2] = 255
    return logits, labels


def test_cross_entropy_is_mean_of_labelled_pixels():
    logits, labels = example()
    expected = F.cross_entropy(logits, labels, ignore_index=255)
    found = valid_cross_entropy(logits.requires_grad_(), labels)
    assert found.item() == pytest.approx(expected.item(), rel=1e-6)
    assert not found.requires_grad


def test_cross_entropy_of_each_image():
    logits, labels = example()
    found = valid_cross_entropy(logits, labels, scope='image')
    for i in range(2):
        expected = F.cross_entropy(
            logits[i:i + 1], labels[i:i + 1], ignore_index=255)
        assert found[i].item() == pytest.approx(expected.item(), rel=1e-6)
    assert found[2] == 0


def test_cross_entropy_of_binary_head():
    logits, labels = example()
    labels = torch.where(labels == 255, labels, labels % 2)
    found = valid_cross_entropy(logits[:, :1], labels)
    counted = labels != 255
    expected = F.binary_cross_entropy_with_logits(logits[:, 0][counted],
                                                  labels[counted].float())
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)


def test_gate_module_compares_with_the_main_decoder():
    logits, labels = example()
    main = valid_cross_entropy(logits, labels)
    worse = 3 * logits
    ratio = (valid_cross_entropy(worse, labels) / main).item()
    gate = ErrorSimulationGate(alphas=(ratio * 0.99, ratio * 1.01))
    assert gate(0, worse, labels, main_logits=logits) == 1
    assert gate(1, worse, labels, main_loss=main) == 0


def test_gate_of_each_image():
    labels = torch.zeros(2, 4, 4, dtype=torch.long)
    main = torch.zeros(2, 2, 4, 4)  # cross entropy ln 2
    aux = torch.zeros(2, 2, 4, 4)
    aux[1, 1] = math.log(7)  # cross entropy ln 8, three times as much
    gate = ErrorSimulationGate(alphas=(2.9, ), scope='image')
    assert gate(0, aux, labels, main_logits=main).tolist() == [0., 1.]


@pytest.mark.parametrize('kwargs, match', [
    (dict(scope='pixel'), 'scope'),
    (dict(alphas=(-1., )), 'alphas'),
    (dict(scope='image', sync=True), 'sync'),
])
def test_impossible_settings(kwargs, match):
    with pytest.raises(ValueError, match=match):
        ErrorSimulationGate(**kwargs)
