"""Mixed precision training on a machine without an accelerator.

mmengine's ``AmpOptimWrapper`` refuses to be built there, although its autocast
supports bfloat16 on the CPU. Where there is no accelerator, ``--amp`` (the
name ``AmpOptimWrapper`` in a config) builds the wrapper of this file.
"""
from typing import Union

import torch
from mmengine.device import get_device
from mmengine.optim import AmpOptimWrapper, OptimWrapper
from mmengine.registry import OPTIM_WRAPPERS

__all__ = ['CPUAmpOptimWrapper', 'apply']


class CPUAmpOptimWrapper(AmpOptimWrapper):
    """``AmpOptimWrapper`` in bfloat16, whose range needs no loss scaling.

    Args:
        loss_scale (float | str | dict): Accepted for the sake of the config,
            without an effect. Defaults to 'dynamic'.
        dtype (str | torch.dtype, optional): bfloat16 or None, which means the
            same. Defaults to None.
        use_fsdp (bool): Accepted without an effect. Defaults to False.
        **kwargs: Arguments of ``OptimWrapper``.

    Raises:
        ValueError: If another dtype is asked for.
    """

    def __init__(self,
                 loss_scale: Union[float, str, dict] = 'dynamic',
                 dtype: Union[str, torch.dtype, None] = None,
                 use_fsdp: bool = False,
                 **kwargs) -> None:
        if dtype not in (None, 'bfloat16', torch.bfloat16):
            raise ValueError(
                f'optim_wrapper.dtype is {dtype!r}, but without an accelerator'
                ' mixed precision is bfloat16: remove the field')
        # Not the parent's, which refuses.
        OptimWrapper.__init__(self, **kwargs)
        self.cast_dtype = torch.bfloat16
        # torch < 2.3 has one for CUDA only; switched off they are the same
        scaler = getattr(torch.amp, 'GradScaler', torch.cuda.amp.GradScaler)
        self.loss_scaler = scaler(enabled=False)
        self._scale_update_param = None

    def state_dict(self) -> dict:
        """State without that of the scaler, which an accelerator could not
        resume from."""
        return OptimWrapper.state_dict(self)


def apply() -> str:
    """Build the wrapper of this file by the stock name, on the CPU only.

    Returns:
        str: What was done.
    """
    device = get_device()
    if device != 'cpu':
        return f'nothing, there is an accelerator ({device})'
    OPTIM_WRAPPERS.register_module(
        name='AmpOptimWrapper', module=CPUAmpOptimWrapper, force=True)
    return 'AmpOptimWrapper trains in bfloat16 on the CPU'
