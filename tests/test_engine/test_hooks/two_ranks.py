"""What one rank of two sees; run by ``test_two_ranks.py``: ``RANK DIR``."""
import signal
import sys
from pathlib import Path

import torch
import torch.distributed as dist
from mmengine.logging import MMLogger

sys.path.insert(0, str(Path(__file__).parents[1]))
from toys import STAGES, ToyAlgorithm, fake_runner  # noqa: E402

from mmseg_ext import engine  # noqa: E402
from mmseg_ext.models.utils import pseudo_label_statistics  # noqa: E402


def error_of_a_bad_loss(rank, work_dir):
    """Only rank 1 has a NaN; what does each say, and is the step made?"""
    model = ToyAlgorithm()
    optimizer = torch.optim.SGD(model.segmentor.parameters(), lr=0.1)
    wrapper = type('Wrapper', (), dict(optimizer=optimizer))()
    runner = fake_runner(
        model,
        optim_wrapper=wrapper,
        work_dir=work_dir,
        train_loop=None,
        cfg=type('Cfg', (), dict(pretty_text=''))())
    hook = engine.CheckFiniteLossHook()
    hook.before_train(runner)
    hook.before_train_iter(runner, 0, dict(inputs=[]))
    before = [p.clone() for p in model.segmentor.parameters()]
    x = torch.randn(4, 4) * (float('nan') if rank == 1 else 1)
    label = type('Label', (), dict(label=torch.tensor(0)))
    losses = model(list(x), [label] * 4, mode='loss')
    losses['loss_ce'].backward()
    try:
        optimizer.step()
        message = None
    except FloatingPointError as error:
        message = str(error)
    same = all(
        torch.equal(p, q)
        for p, q in zip(before, model.segmentor.parameters()))
    return message, same


def drawn_for_the_decoders(rank):
    """The random number that the decoders' initialisation draws."""
    torch.manual_seed(rank)
    model = ToyAlgorithm()
    runner = fake_runner(model)
    runner.seed = 5 + rank  # as with diff_rank_seed
    runner.hooks = [
        engine.StageHook(STAGES['stages']),
        engine.ErrorSimulationHook()
    ]
    for hook in runner.hooks:
        hook.before_train(runner)
    for runner.iter in range(3):
        for hook in runner.hooks:
            hook.before_train_iter(runner, runner.iter)
    return [value for call, value in model.calls if call == 'init']


def stopped_after_a_validation(rank):
    """Only rank 1 gets a signal, in a validation of a loop in epochs."""
    hook = engine.AtomicCheckpointHook(stop_signals=['SIGUSR1'])
    hook._in_epochs = True
    hook._saved_step, hook.last_ckpt = 4, 'iter_4.pth'  # it has been saved
    hook.by_epoch = False
    logger = MMLogger.get_instance('two_ranks')
    runner = fake_runner(None, iteration=4, epoch=1, logger=logger)
    if rank == 1:
        hook._stop_signal.received = signal.SIGUSR1
    hook.after_val_iter(runner, 0)  # the other one may have no such batch
    try:
        hook.before_train_epoch(runner)
    except SystemExit as stop:
        return stop.code


def summary(rank):
    """Statistics after each rank has seen pixels of a class of its own."""
    stats = pseudo_label_statistics.PseudoLabelStatistics(2)
    stats.update(
        torch.full((1, 2, 2), rank), torch.full((1, 2, 2), rank == 0),
        torch.full((1, 2, 2), 0.25 + rank / 4))
    return {k: v.tolist() for k, v in stats.summary().items()}


if __name__ == '__main__':
    rank, folder = int(sys.argv[1]), sys.argv[2]
    dist.init_process_group(
        'gloo',
        init_method=f'file://{folder}/rendezvous',
        rank=rank,
        world_size=2)
    message, same = error_of_a_bad_loss(rank, folder)
    torch.save(
        dict(
            message=message,
            same=same,
            drawn=drawn_for_the_decoders(rank),
            stopped=stopped_after_a_validation(rank),
            summary=summary(rank)), f'{folder}/rank_{rank}.pth')
    dist.destroy_process_group()
