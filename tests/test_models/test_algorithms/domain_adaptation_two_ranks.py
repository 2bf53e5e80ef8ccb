"""Runs an adaptation on one of two ranks, as a process."""
import sys

import torch
from test_algorithms.toy import loss_sum
from test_algorithms.toy_domains import (adversary, build_adaptation,
                                         make_domains, pixel_adversary)
from torch import distributed as dist
from torch.nn.parallel import DistributedDataParallel
from two_ranks import Losses, freeze_statistics, gradients, share


def build():
    """Two adversaries, one of which also reads the source."""
    torch.manual_seed(0)
    model = build_adaptation(
        adversaries=[adversary(name='main'),
                     pixel_adversary()],
        target_losses=[dict(type='ToyTargetLoss')])
    return freeze_statistics(model)


def batch():
    """Four images of either domain."""
    inputs, samples = make_domains(num=4)
    return inputs, samples


def main(rank, store, out):
    dist.init_process_group(
        'gloo', init_method=f'file://{store}', rank=rank, world_size=2)
    # not even with the default do parameters go missing
    model = DistributedDataParallel(Losses(build()))
    part = slice(2 * rank, 2 * rank + 2)
    inputs, samples = share(batch(), part)
    loss_sum(model((inputs, samples))).backward()
    results = dict(
        halves={
            name.replace('module.', ''): grad.clone()
            for name, grad in gradients(model).items()
        })
    shares = model.module.module.prediction_statistics['target'].shares()
    results['shares'] = shares

    # rank 1 has nothing that counts: no label and only padding
    model.zero_grad()
    if rank == 1:
        for branch in samples.values():
            for sample in branch:
                sample.valid_mask.data.zero_()
                if 'gt_sem_seg' in sample:
                    sample.gt_sem_seg.data.fill_(255)
    total = loss_sum(model((inputs, samples)))
    total.backward()
    results['empty'] = dict(loss=total.detach(), grads=gradients(model))
    if rank == 0:
        torch.save(results, out)
    dist.barrier()
    dist.destroy_process_group()


if __name__ == '__main__':
    torch.set_num_threads(1)
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
