import copy

import pytest
import torch
from mmengine.optim import AmpOptimWrapper
from mmengine.registry import OPTIM_WRAPPERS

from mmseg_ext.compat import cpu_amp

without_accelerator = pytest.mark.skipif(
    cpu_amp.get_device() != 'cpu', reason='there is an accelerator')


def build(model, **kwargs):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    return OPTIM_WRAPPERS.build(
        dict(type='AmpOptimWrapper', optimizer=optimizer, **kwargs))


@without_accelerator
def test_an_update_equals_one_under_autocast():
    torch.manual_seed(0)
    model, reference = torch.nn.Linear(8, 3), torch.nn.Linear(8, 3)
    reference.load_state_dict(model.state_dict())
    data = torch.randn(5, 8)
    wrapper = build(
        model, loss_scale='dynamic', clip_grad=dict(max_norm=1000.))
    with wrapper.optim_context(model):
        output = model(data)
    assert output.dtype == torch.bfloat16
    wrapper.update_params(output.float().square().sum())

    with torch.autocast('cpu', torch.bfloat16):
        output = reference(data)
    output.float().square().sum().backward()
    assert reference.weight.grad.abs().max() > 0
    expected = reference.weight - 0.1 * reference.weight.grad
    assert torch.allclose(model.weight, expected, rtol=0, atol=1e-6)


@without_accelerator
def test_torch_whose_scaler_is_that_of_cuda(monkeypatch):

    class Scaler(torch.cuda.amp.GradScaler):
        """Takes no device, as that of torch 2.1."""

        def __init__(self, init_scale=2.**16, enabled=True):
            super().__init__(init_scale=init_scale, enabled=enabled)

    monkeypatch.delattr(torch.amp, 'GradScaler', raising=False)
    monkeypatch.setattr(torch.cuda.amp, 'GradScaler', Scaler)
    model = torch.nn.Linear(2, 2)
    before = model.weight.detach().clone()
    build(model).update_params(model(torch.ones(1, 2)).sum())
    assert not torch.equal(model.weight, before)


@without_accelerator
def test_is_an_amp_wrapper_with_the_state_of_a_plain_one():
    model = torch.nn.Linear(2, 2)
    wrapper = build(model)
    assert isinstance(wrapper, AmpOptimWrapper)
    wrapper.update_params(model(torch.ones(1, 2)).sum())
    state = wrapper.state_dict()
    assert 'loss_scaler' not in state
    other = build(torch.nn.Linear(2, 2))
    other.load_state_dict(copy.deepcopy(state))
    momentum = other.optimizer.state_dict()['state'][0]['momentum_buffer']
    assert torch.equal(momentum, state['state'][0]['momentum_buffer'])
    # A checkpoint of an accelerator brings the state of a scaler.
    other.load_state_dict(dict(state, loss_scaler=dict(scale=65536.)))


def test_other_types_are_refused():
    model = torch.nn.Linear(2, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(ValueError, match='optim_wrapper.dtype is .float16.'):
        cpu_amp.CPUAmpOptimWrapper(optimizer=optimizer, dtype='float16')
    for dtype in (None, 'bfloat16', torch.bfloat16):
        cpu_amp.CPUAmpOptimWrapper(optimizer=optimizer, dtype=dtype)


def test_does_nothing_beside_an_accelerator(monkeypatch):
    before = OPTIM_WRAPPERS.get('AmpOptimWrapper')
    monkeypatch.setattr(cpu_amp, 'get_device', lambda: 'cuda')
    assert cpu_amp.apply() == 'nothing, there is an accelerator (cuda)'
    assert OPTIM_WRAPPERS.get('AmpOptimWrapper') is before
