import os.path as osp
from typing import List, NamedTuple, Optional

import torch
import torch.nn as nn
from mmengine.dist import all_reduce, get_rank
from mmengine.hooks import Hook
from mmengine.optim import OptimWrapperDict
from mmseg.registry import HOOKS

from ...utils.atomic_io import atomic_open
from ..batch_dump import decode, encode, image_paths
from ..utils import unwrap_model


class _Pending(NamedTuple):
    """Flags on their way to the host."""
    names: List[str]
    flags: torch.Tensor
    event: Optional['torch.cuda.Event']


@HOOKS.register_module()
class CheckFiniteLossHook(Hook):
    """Stop before a NaN or infinite loss reaches the weights.

    Each loss is looked at when the forward pass has produced it. The answer
    travels to the host while the backward pass runs and is read ahead of the
    optimiser step, so that the device never waits, the first bad iteration is
    the one reported, and the weights are still those that produced it. No
    checkpoint can be written in between. If one rank has a bad loss all ranks
    stop.

    The error names losses, iteration and image files. The raw batch, the
    model's state and the seed of the iteration are written to
    ``nonfinite_iter_<n>_rank_<r>.pth`` in ``work_dir``, and
    ``python tools/replay_batch.py`` runs that one iteration again and names
    the first module with a non-finite output. (Buffers are those after the
    forward pass; the optimiser's state is in the last checkpoint.)

    Only losses count (names with ``loss``): gradients that overflow under a
    gradient scaler are its business.

    Raises:
        FloatingPointError: On a loss that is not finite.
    """

    priority = 'VERY_HIGH'

    def __init__(self) -> None:
        self._pending: List[_Pending] = []
        self._handles: list = []
        self._data_batch = None
        self._seed: Optional[int] = None
        self._runner = None

    def before_train(self, runner) -> None:
        """Watch the model's losses and the optimiser's steps."""
        self._runner = runner
        wrapper = runner.optim_wrapper
        wrappers = list(wrapper.values()) if isinstance(
            wrapper, OptimWrapperDict) else [wrapper]
        model = unwrap_model(runner.model)
        self._handles = [
            model.register_forward_hook(self._watch, with_kwargs=True),
            *(w.optimizer.register_step_pre_hook(self._before_step)
              for w in wrappers)
        ]

    def before_train_iter(self,
                          runner,
                          batch_idx: int,
                          data_batch=None) -> None:
        """Keep the batch until its losses are known."""
        self._keep(runner, data_batch)

    def before_accumulated_batch(self, runner, data_batch=None) -> None:
        """Read the flags of the batch before, and keep the next one."""
        self._resolve()
        self._keep(runner, data_batch)

    def after_train_iter(self,
                         runner,
                         batch_idx: int,
                         data_batch=None,
                         outputs=None) -> None:
        """Read the flags where no step has done so (accumulation, AMP)."""
        self._resolve()

    def after_train(self, runner) -> None:
        """Let go of model and optimiser."""
        for handle in self._handles:
            handle.remove()
        self._handles, self._runner, self._data_batch = [], None, None

    def _keep(self, runner, data_batch) -> None:
        # Taken apart at once, without a copy of tensors: the preprocessor
        # pads labels and masks of the very same samples.
        self._data_batch = encode(data_batch)
        loop = getattr(runner, 'train_loop', None)
        seed = getattr(loop, 'iteration_seed', None)
        self._seed = None if seed is None else seed(runner.iter)

    @torch.compiler.disable
    @torch.no_grad()
    def _watch(self, model: nn.Module, args: tuple, kwargs: dict,
               losses) -> None:
        if kwargs.get('mode') != 'loss' or not isinstance(losses, dict):
            return
        named = {
            name: [value] if isinstance(value, torch.Tensor) else list(value)
            for name, value in losses.items() if 'loss' in name
        }
        named = {name: values for name, values in named.items() if values}
        if not named:
            return
        flags = torch.stack([
            ~torch.stack([v.float().mean() for v in values]).sum().isfinite()
            for values in named.values()
        ]).int()
        somewhere = flags.amax()
        all_reduce(somewhere, op='max')
        flags = torch.cat([flags, somewhere[None]])
        event = None
        if flags.is_cuda:
            host = torch.empty(flags.shape, dtype=flags.dtype, pin_memory=True)
            flags = host.copy_(flags, non_blocking=True)
            event = torch.cuda.Event()
            event.record()
        self._pending.append(_Pending(list(named), flags, event))

    def _before_step(self, *args, **kwargs) -> None:
        self._resolve()

    def _resolve(self) -> None:
        pending, self._pending = self._pending, []
        for names, flags, event in pending:
            if event is not None:
                event.synchronize()
            *bad, somewhere = flags.tolist()
            if somewhere:
                self._stop([n for n, flag in zip(names, bad) if flag])

    def _stop(self, names: List[str]) -> None:
        number = self._runner.iter + 1
        if not names:
            raise FloatingPointError(
                f'A loss of another rank is not finite at iteration {number}: '
                'see its message; training stops ahead of the optimiser step.')
        path = self._dump(names)
        paths = image_paths(decode(self._data_batch))
        raise FloatingPointError(
            f'{", ".join(names)} not finite at iteration {number}, images: '
            f'{", ".join(paths) or "unknown"}; training stops ahead of the '
            f'optimiser step. Look into it with: python tools/replay_batch.py '
            f'{path}')

    def _dump(self, names: List[str]) -> str:
        runner, rank = self._runner, get_rank()
        model = unwrap_model(runner.model)
        content = dict(
            losses=names,
            iter=runner.iter,
            max_iters=runner.max_iters,
            rank=rank,
            seed=self._seed,
            cfg=runner.cfg.pretty_text,
            stage=getattr(model, 'stage', None),
            error_simulation=getattr(model, 'error_simulation', None),
            last_checkpoint=runner.message_hub.get_info('last_ckpt'),
            data_batch=self._data_batch,
            state_dict={
                name: value.cpu()
                for name, value in model.state_dict().items()
            })
        path = osp.join(runner.work_dir,
                        f'nonfinite_iter_{runner.iter + 1}_rank_{rank}.pth')
        with atomic_open(path) as file:
            torch.save(content, file)
        return path
