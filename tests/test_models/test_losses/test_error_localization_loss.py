import math

import pytest
import torch
import torch.multiprocessing as mp
import torch.nn.functional as F
from torch import distributed as dist

from mmseg_ext.models.losses import ErrorLocalizationLoss


def example(seed=0):
    generator = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(2, 1, 5, 6, generator=generator)
    correct = torch.rand(2, 5, 6, generator=generator) > 0.3
    valid = torch.rand(2, 5, 6, generator=generator) > 0.2
    return logits, correct, valid


def test_published_number():
    correct = torch.tensor([True] * 8 + [False] * 2).view(1, 2, 5)
    loss = ErrorLocalizationLoss()(torch.zeros(1, 1, 2, 5), correct,
                                   torch.ones_like(correct))
    assert loss.item() == pytest.approx(1.1090355, abs=1e-6)
    assert loss.item() == pytest.approx(2 * 0.8 * math.log(2), abs=1e-6)


def test_identity_and_gradient():
    logits, correct, valid = example()
    leaf = logits.clone().requires_grad_()
    loss = ErrorLocalizationLoss()(leaf, correct, valid)
    loss.backward()

    other = logits.clone().requires_grad_()
    ce = F.binary_cross_entropy_with_logits(
        other[:, 0], correct.float(), reduction='none')
    right, wrong = ce[valid & correct], ce[valid & ~correct]
    share = len(right) / (len(right) + len(wrong))
    expected = share * (right.mean() + wrong.mean())
    expected.backward()
    assert loss.item() == pytest.approx(expected.item(), abs=1e-6)
    torch.testing.assert_close(leaf.grad, other.grad, rtol=1e-5, atol=1e-8)


def test_no_wrong_pixel_is_plain_mean():
    logits, correct, valid = example()
    loss = ErrorLocalizationLoss()(logits, correct | True, valid)
    expected = F.softplus(-logits[:, 0])[valid].mean()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-6)


@pytest.mark.parametrize('case', ['no right pixel', 'all padded'])
def test_connected_zero(case):
    logits, correct, valid = example()
    logits.requires_grad_()
    if case == 'no right pixel':
        correct = correct & False
    else:
        valid = valid & False
    loss = ErrorLocalizationLoss()(logits, correct, valid)
    assert loss.item() == 0 and loss.requires_grad
    loss.backward()
    assert torch.equal(logits.grad, torch.zeros_like(logits))


def test_float32_under_autocast():
    logits, correct, valid = example()
    expected = ErrorLocalizationLoss()(logits, correct, valid)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        loss = ErrorLocalizationLoss(loss_weight=2.)(logits, correct, valid)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(2 * expected.item(), rel=1e-6)


def one_rank(rank, store, results):
    torch.set_num_threads(1)
    dist.init_process_group(
        'gloo', init_method=f'file://{store}', rank=rank, world_size=2)
    logits, correct, valid = example()
    # The second rank has few right pixels, so its own balance is another.
    correct[1, :4] = False
    leaf = logits[rank:rank + 1].clone().requires_grad_()
    loss = ErrorLocalizationLoss(sync=True)(leaf, correct[rank:rank + 1],
                                            valid[rank:rank + 1])
    loss.backward()
    results[rank] = (loss.item(), leaf.grad.tolist())
    dist.destroy_process_group()


def test_two_ranks_are_one_with_the_whole_batch(tmp_path):
    # Forked: a spawned process would import everything again.
    results = mp.get_context('fork').Manager().dict()
    mp.start_processes(
        one_rank, (str(tmp_path / 'store'), results),
        nprocs=2,
        start_method='fork')
    logits, correct, valid = example()
    correct[1, :4] = False
    logits.requires_grad_()
    loss = ErrorLocalizationLoss()(logits, correct, valid)
    loss.backward()
    # DDP averages over the ranks.
    assert sum(results[r][0] for r in (0, 1)) / 2 == pytest.approx(
        loss.item(), rel=1e-5)
    grads = torch.cat([torch.tensor(results[r][1]) for r in (0, 1)]) / 2
    torch.testing.assert_close(grads, logits.grad, rtol=1e-5, atol=1e-8)
