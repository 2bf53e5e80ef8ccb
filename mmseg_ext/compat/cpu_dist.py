"""Several processes on a machine without an accelerator.

mmengine gives each process that torchrun starts a CUDA device, also the model
in it, and its configs ask for NCCL, which needs GPUs. Where there is no
accelerator, ``--launcher pytorch`` sets no device and talks over gloo.
"""
import atexit
from typing import Optional, Sequence

import mmengine.dist.utils as dist_utils
import mmengine.runner.runner as runner_module
import torch.distributed as torch_dist
from mmengine.device import get_device
from mmengine.model import MMDistributedDataParallel
from mmengine.registry import MODEL_WRAPPERS
from torch import nn

__all__ = ['CPUDistributedDataParallel', 'apply', 'init_dist_on_cpu']


class CPUDistributedDataParallel(MMDistributedDataParallel):
    """The stock wrapper without a device.

    Args:
        module (nn.Module): The model.
        device_ids (Sequence[int], optional): What the runner passes, without
            an effect. Defaults to None.
        **kwargs: Arguments of ``MMDistributedDataParallel``.
    """

    def __init__(self,
                 module: nn.Module,
                 device_ids: Optional[Sequence[int]] = None,
                 **kwargs) -> None:
        super().__init__(module, **kwargs)


def init_dist_on_cpu(backend: str,
                     init_backend: str = 'torch',
                     **kwargs) -> None:
    """Join the processes that torchrun has started.

    Args:
        backend (str): ``env_cfg.dist_cfg.backend``; ``'nccl'`` becomes
            ``'gloo'``.
        init_backend (str): Only ``'torch'`` runs on a CPU. Defaults to
            'torch'.
        **kwargs: Arguments of ``torch.distributed.init_process_group``.

    Raises:
        ValueError: If another ``init_backend`` is asked for.
    """
    if init_backend != 'torch':
        raise ValueError(
            f'env_cfg.dist_cfg.init_backend is {init_backend!r}, but without '
            "an accelerator it must be 'torch'.")
    torch_dist.init_process_group(
        backend='gloo' if backend == 'nccl' else backend, **kwargs)
    # mmengine leaves the group open, and threads of gloo that outlive the
    # interpreter abort the process
    atexit.register(torch_dist.destroy_process_group)


def apply() -> str:
    """Launch and wrap as this file does, on the CPU only.

    Returns:
        str: What was done.
    """
    device = get_device()
    if device != 'cpu':
        return f'nothing, there is an accelerator ({device})'
    dist_utils._init_dist_pytorch = init_dist_on_cpu
    runner_module.MMDistributedDataParallel = CPUDistributedDataParallel
    # what a model_wrapper_cfg names
    MODEL_WRAPPERS.register_module(
        name='MMDistributedDataParallel',
        module=CPUDistributedDataParallel,
        force=True)
    return 'torchrun on the CPU talks over gloo'
