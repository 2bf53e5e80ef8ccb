import math

import pytest
import torch
from torch import nn
from toy_classifiers import Linear, Network, explained

from mmseg_ext.models.explainers import IntegratedGradients, SmoothGrad

IMAGE = torch.rand(3, 4, 5, generator=torch.Generator().manual_seed(1)) * 4 - 2


@pytest.mark.parametrize('samples,batch', [(1, 1), (7, 3), (8, 8), (5, 50)])
def test_linear_classifier_gives_its_weights(samples, batch):
    linear = Linear()
    explainer = SmoothGrad(
        samples, noise_level=3., gradient_of='logit', sample_batch_size=batch)
    for target in range(3):
        found, _ = explainer(explained(linear), IMAGE, target)
        expected = linear.weight[target].abs().sum(0)
        assert torch.allclose(found, expected, atol=1e-6)


class Quadratic(nn.Module):
    """The logit 0.5 u'Au of class 0."""

    def __init__(self, size):
        super().__init__()
        root = torch.randn(size, size)
        self.matrix = root + root.T

    def forward(self, images):
        flat = images.flatten(1)
        value = 0.5 * torch.einsum('ni,ij,nj->n', flat, self.matrix, flat)
        return torch.stack([value, 0 * value], 1)


def test_quadratic_classifier_within_the_error_of_the_mean():
    torch.manual_seed(0)
    quadratic, samples = Quadratic(IMAGE.numel()), 400
    sigma = 0.1 * (IMAGE.max() - IMAGE.min())
    exact = (quadratic.matrix @ IMAGE.flatten()).view_as(IMAGE)

    class Signed(SmoothGrad):

        def attribute(self, gradient, image):
            return gradient

    found, _ = Signed(
        samples, gradient_of='logit')(explained(quadratic), IMAGE, 0)
    bound = 4 * sigma * quadratic.matrix.norm(dim=1) / math.sqrt(samples)
    error = (found - exact).abs().flatten()
    assert (error < bound).all()
    assert error.max() > 0.01 * bound.max()  # there is noise


def reference(module, image, target, samples, sigma, generator):
    """Sum over channels of |mean gradient of the softmax probability|."""
    total = torch.zeros_like(image)
    for _ in range(samples):
        noise = torch.randn(
            1, *image.shape, generator=generator, dtype=image.dtype)
        noisy = (image[None] + sigma * noise).requires_grad_()
        module(noisy).softmax(1)[0, target].backward()
        total += noisy.grad[0]
    return (total / samples).abs().sum(0)


@pytest.mark.parametrize('batch', [1, 4, 50])
def test_probability_equals_plain_autograd(batch):
    module = Network().double().eval()
    image = torch.randn(3, 9, 7, dtype=torch.float64)
    sigma = 0.1 * (image.max() - image.min())
    expected = reference(module, image, 2, 6, sigma,
                         torch.Generator().manual_seed(3))
    found, _ = SmoothGrad(
        6, sample_batch_size=batch)(explained(module), image, 2,
                                    torch.Generator().manual_seed(3))
    assert (found - expected).abs().max() < 1e-10


def test_log_probability():
    module = Network().double().eval()
    image = torch.randn(1, 3, 6, 6, dtype=torch.float64, requires_grad=True)
    module(image).log_softmax(1)[0, 1].backward()
    found, _ = SmoothGrad(
        1, noise_level=0., gradient_of='log_probability')(explained(module),
                                                          image[0].detach(), 1)
    assert torch.allclose(found, image.grad[0].abs().sum(0))


def test_sure_classifier_still_has_a_gradient():
    """In float32 the probability is 1 and its plain gradient 0."""
    linear = Linear()
    linear.weight.data *= 200
    image = linear.weight[0].detach() * 0.1
    assert linear(image[None]).softmax(1)[0, 0] == 1
    found, _ = SmoothGrad(1, noise_level=0.)(explained(linear), image, 0)
    assert torch.isfinite(found).all()
    linear64 = Linear(dtype=torch.float64)
    linear64.weight.data *= 10
    image = linear64.weight[0].detach() * 0.05
    found, _ = SmoothGrad(1, noise_level=0.)(explained(linear64), image, 0)
    assert found.max() > 0


def test_low_precision_agrees():
    module, image = Network().eval(), torch.randn(3, 8, 8)
    full, low = (
        SmoothGrad(4)(explained(module), image, 0,
                      torch.Generator().manual_seed(0), dtype)[0]
        for dtype in (None, torch.bfloat16))
    assert full.dtype == low.dtype == torch.float32
    assert torch.corrcoef(torch.stack([full.flatten(),
                                       low.flatten()]))[0, 1] > 0.99


@pytest.mark.parametrize('baseline', ['black', 'mean'])
def test_integrated_gradients_add_up(baseline):
    module, image = Network().double().eval(), torch.randn(3, 6, 6).double()

    class Signed(IntegratedGradients):

        def attribute(self, gradient, image):
            return gradient * (image - self._baseline(image))

    explainer = Signed(200, baseline=baseline)
    found, _ = explainer(explained(module), image, 1)
    start = explainer._baseline(image)
    change = (module(image[None]).softmax(1) -
              module(start[None]).softmax(1))[0, 1]
    assert found.sum().item() == pytest.approx(change.item(), abs=1e-5)
    plain = IntegratedGradients(200, baseline=baseline)
    assert torch.allclose(
        plain(explained(module), image, 1)[0],
        found.sum(0).abs())


def test_predicted_class():
    module, image = Network().eval(), torch.randn(3, 8, 8)
    _, target = SmoothGrad(1)(explained(module), image, None)
    assert target == module(image[None]).argmax()


def test_no_gradient_is_told():

    class Deaf(Network):

        @torch.no_grad()
        def forward(self, images):
            return super().forward(images)

    with pytest.raises(RuntimeError, match='No gradient reaches .* of toy'):
        SmoothGrad(1)(explained(Deaf()), IMAGE, 0)


def test_class_that_is_not_there():
    with pytest.raises(ValueError, match='class 7 .* toy has 4 classes'):
        SmoothGrad(1)(explained(Network()), IMAGE, 7)


@pytest.mark.parametrize('kwargs,match', [
    (dict(num_samples=0), 'num_samples must be a whole number >= 1'),
    (dict(noise_level=-1.), 'noise_level must be >= 0'),
    (dict(gradient_of='loss'), "one of probability, .* but is 'loss'"),
    (dict(sample_batch_size=0.5), 'sample_batch_size'),
])
def test_wrong_arguments(kwargs, match):
    with pytest.raises(ValueError, match=match):
        SmoothGrad(**kwargs)
    with pytest.raises(ValueError, match='baseline must be one of'):
        IntegratedGradients(baseline='white')
