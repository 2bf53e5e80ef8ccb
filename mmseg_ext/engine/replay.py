"""Run the iteration of a batch dump again and find where it breaks."""
from typing import Dict, List, NamedTuple, Optional

import torch
import torch.nn as nn
from mmengine.config import Config
from mmengine.logging import MessageHub
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import init_default_scope
from mmengine.runner.amp import autocast
from mmseg.registry import MODELS

from ..utils.config_fields import type_name
from .batch_dump import decode
from .runner.randomness import seed_process


class Replay(NamedTuple):
    """What a replayed iteration showed.

    Attributes:
        losses (dict[str, float]): Every entry of the model's loss dict.
        first_bad (str, optional): Name and type of the first module in order
            of execution whose output is not finite, with what it was fed.
        bad_state (list[str]): Parameters and buffers that are not finite.
    """
    losses: Dict[str, float]
    first_bad: Optional[str]
    bad_state: List[str]


def load_dump(path: str) -> dict:
    """Read a dump of :class:`CheckFiniteLossHook`.

    Args:
        path (str): The file.

    Returns:
        dict: Its content, the batch still encoded.

    Raises:
        ValueError: If the file is something else.
    """
    content = torch.load(path, map_location='cpu', weights_only=True)
    if not isinstance(content, dict) or not {'data_batch', 'cfg', 'iter'
                                             } <= set(content):
        raise ValueError(f'{path} is no batch dump: expected a file '
                         'nonfinite_iter_*.pth that CheckFiniteLossHook has '
                         'written.')
    return content


def replay(dump: dict, device: str = 'cpu') -> Replay:
    """Run the forward pass of a dumped iteration.

    Args:
        dump (dict): Content of a dump.
        device (str): Where to run. Random draws equal those of training on
            the same kind of device only. Defaults to 'cpu'.

    Returns:
        Replay: The findings.
    """
    cfg = Config.fromstring(dump['cfg'], '.py')
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    hub = MessageHub.get_instance('replay')
    hub.update_info('iter', dump['iter'])
    hub.update_info('max_iters', dump['max_iters'])

    model = revert_sync_batchnorm(MODELS.build(cfg.model))
    model.load_state_dict(dump['state_dict'])
    model = model.to(device)
    bad_state = [
        name for name, value in model.state_dict().items()
        if value.is_floating_point() and not value.isfinite().all()
    ]
    if dump.get('stage') is not None:
        model.set_stage(dump['stage'])
    if dump.get('error_simulation') is not None:
        model.error_simulation = dump['error_simulation']
    model.train()

    finder = _FirstBadOutput(model)
    wrapper = cfg.optim_wrapper
    amp = type_name(wrapper) == 'AmpOptimWrapper'
    dtype = wrapper.get('dtype')
    if dump['seed'] is not None:
        seed_process(dump['seed'])
    with autocast(
            device_type=torch.device(device).type,
            enabled=amp,
            dtype=getattr(torch, dtype) if dtype else None):
        data = model.data_preprocessor(decode(dump['data_batch']), True)
        losses = model._run_forward(data, mode='loss')
    return Replay(
        {
            name: float(sum(v.float().mean() for v in _as_list(value)))
            for name, value in losses.items()
        }, finder.found, bad_state)


class _FirstBadOutput:
    """Forward hooks that remember the first output that is not finite.

    Args:
        model (nn.Module): The model to watch.
    """

    def __init__(self, model: nn.Module) -> None:
        self.found: Optional[str] = None
        for name, module in model.named_modules():
            if name and 'data_preprocessor' not in name:
                module.register_forward_hook(lambda m, args, out, name=name:
                                             self._look(name, m, args, out))

    def _look(self, name: str, module: nn.Module, args, out) -> None:
        if self.found is None and _nonfinite(out):
            bad, total = _nonfinite(out), sum(t.numel() for t in _tensors(out))
            fed = 'non-finite' if _nonfinite(args) else 'finite'
            self.found = (f'{name} ({type(module).__name__}): {bad} of '
                          f'{total} values, its inputs were {fed}')


def _tensors(value) -> List[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        return [value] if value.is_floating_point() else []
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [t for v in value for t in _tensors(v)]
    return []


def _nonfinite(value) -> int:
    return sum(int((~t.isfinite()).sum()) for t in _tensors(value))


def _as_list(value) -> list:
    return [value] if isinstance(value, torch.Tensor) else list(value)
