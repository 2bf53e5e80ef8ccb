"""Runs ELN on one of two ranks, as a process; see test_two_ranks.py."""
import sys

import torch
from torch import distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from toy import LOCALIZATION, build_eln, in_stage, loss_sum, make_batch


def freeze_statistics(model):
    """Batch statistics of half a batch are not those of a whole one."""
    for module in model.modules():
        if isinstance(module, (nn.modules.batchnorm._BatchNorm, nn.Dropout2d)):
            module.eval()
    return model


def build():
    """An ELN whose every loss is a mean that two ranks can share."""
    torch.manual_seed(0)
    model = build_eln(
        # its windows and pairs are those of a rank
        loss_contrast=None,
        pseudo_norm='valid',
        aux_decoders=dict(alphas=(1., 0.5), sync_gate=True),
        pseudo_filter=dict(
            LOCALIZATION, loss=dict(type='ErrorLocalizationLoss', sync=True)))
    return freeze_statistics(in_stage(model, 'semi'))


def share(batch, part):
    """Half of every branch."""
    inputs, samples = batch
    return ({
        k: v[part]
        for k, v in inputs.items()
    }, {
        k: v[part]
        for k, v in samples.items()
    })


def gradients(model):
    return {
        name.replace('module.', ''): param.grad
        for name, param in model.named_parameters() if param.grad is not None
    }


class Losses(nn.Module):
    """What DDP wraps: it needs one forward."""

    def __init__(self, model):
        super().__init__()
        self.module = model

    def forward(self, batch):
        return self.module.loss(*batch)


def main(rank, store, out):
    dist.init_process_group(
        'gloo', init_method=f'file://{store}', rank=rank, world_size=2)
    results = {}
    model = DistributedDataParallel(
        Losses(build()), find_unused_parameters=True)
    part = slice(2 * rank, 2 * rank + 2)
    loss_sum(model(share(make_batch(num=4), part))).backward()
    results['halves'] = {
        name.replace('module.', ''): grad
        for name, grad in gradients(model).items()
    }

    # rank 1 has nothing that counts: no label and only padding
    model.zero_grad()
    inputs, samples = share(make_batch(num=4), part)
    if rank == 1:
        for branch in samples.values():
            for sample in branch:
                sample.valid_mask.data.zero_()
                if 'gt_sem_seg' in sample:
                    sample.gt_sem_seg.data.fill_(255)
    for _ in range(2):
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
