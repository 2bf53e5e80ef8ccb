"""Run by ``test_oneformer_two_ranks.py`` with two processes."""
import sys
from pathlib import Path

import mmseg_ext  # noqa: F401  isort: skip
import torch
import torch.distributed as dist
from mmengine.model import MMDistributedDataParallel

sys.path.append(str(Path(__file__).resolve().parents[1]))
sys.path.append(str(Path(__file__).resolve().parent))

from oneformer_toy import build_model  # noqa: E402
from test_oneformer_head import samples  # noqa: E402

from mmseg_ext.models.losses import QueryTextContrastiveLoss  # noqa: E402


def check_contrastive(rank):
    """Value and gradients of the joined batch, of three images a rank."""
    torch.manual_seed(0)
    queries = torch.randn(6, 4, 5, dtype=torch.float64)
    texts = torch.randn(6, 4, 5, dtype=torch.float64)
    alone = QueryTextContrastiveLoss().double()
    # the reference knows of no ranks
    whole = [queries.clone().requires_grad_(), texts.clone().requires_grad_()]
    q, t = (torch.nn.functional.normalize(x.flatten(1), dim=1) for x in whole)
    scale = alone.logit_scale.exp()
    labels = torch.arange(6)
    wanted = 0.5 * (
        torch.nn.functional.cross_entropy(scale * q @ t.t(), labels) +
        torch.nn.functional.cross_entropy(scale * t @ q.t(), labels))
    wanted_grads = torch.autograd.grad(wanted, (*whole, alone.logit_scale))

    loss = QueryTextContrastiveLoss().double()
    rows = slice(3 * rank, 3 * rank + 3)
    mine = [x[rows].clone().requires_grad_() for x in (queries, texts)]
    value = loss(*mine)
    grads = torch.autograd.grad(value, (*mine, loss.logit_scale))
    mean = value.detach().clone()
    dist.all_reduce(mean)
    assert abs(float(mean) / 2 - float(wanted)) < 1e-9
    for one, other in zip(grads[:2], wanted_grads[:2]):
        # of the mean over ranks, as DistributedDataParallel takes it
        assert (one / 2 - other[rows]).abs().max() < 1e-9
    scale_grad = grads[2].clone()
    dist.all_reduce(scale_grad)
    assert abs(float(scale_grad) / 2 - float(wanted_grads[2])) < 1e-9


def check_no_target_on_a_rank(rank):
    """No rank waits, every parameter has the same gradient on both."""
    torch.manual_seed(0)
    model = MMDistributedDataParallel(build_model())
    torch.manual_seed(rank)
    data = samples((3, 2) if rank == 0 else (0, 0))
    losses = model(torch.randn(2, 3, 64, 96), data, mode='loss')
    total = sum(losses.values())
    assert torch.isfinite(total)
    total.backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        both = [torch.empty_like(parameter) for _ in range(2)]
        dist.all_gather(both, parameter.grad)
        assert torch.equal(*both), name


def check_unequal_batches(rank):
    """Told once, in a sentence, on all ranks."""
    x = torch.randn(2 + rank, 3, 4)
    try:
        QueryTextContrastiveLoss()(x, x)
    except RuntimeError as error:
        assert 'batch_size images on every rank' in str(error)
    else:
        raise AssertionError('unequal batches are not told')


if __name__ == '__main__':
    dist.init_process_group('gloo')
    number = dist.get_rank()
    check_contrastive(number)
    check_no_target_on_a_rank(number)
    check_unequal_batches(number)
    print('equal', flush=True)
    dist.destroy_process_group()
