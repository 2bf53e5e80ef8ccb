from typing import List

import torch.nn as nn
from mmengine.optim import DefaultOptimWrapperConstructor
from mmseg.registry import OPTIM_WRAPPER_CONSTRUCTORS


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class GroupedOptimWrapperConstructor(DefaultOptimWrapperConstructor):
    """Stock constructor, with one group for all parameters of like settings.

    With ``paramwise_cfg`` the stock one makes a group of each parameter, and
    an optimiser that has one kernel for a group launches it for each of them.
    The updates are the same. The state of the optimiser is not interchangeable
    with that of the stock constructor, whose groups are others.

    Args:
        optim_wrapper_cfg (dict): As of the stock constructor.
        paramwise_cfg (dict, optional): Likewise. Defaults to None.
    """

    def add_params(self,
                   params: List[dict],
                   module: nn.Module,
                   prefix: str = '',
                   **kwargs) -> None:
        """Add the parameters of a module and of those in it.

        Args:
            params (list[dict]): Groups, extended in place.
            module (nn.Module): The module.
            prefix (str): Its name, '' for the whole model. Defaults to ''.
            **kwargs: As of the stock constructor.
        """
        super().add_params(params, module, prefix=prefix, **kwargs)
        if prefix:
            return
        groups = {}
        for entry in params:
            settings = {k: v for k, v in entry.items() if k != 'params'}
            key = repr(sorted(settings.items()))
            group = groups.setdefault(key, dict(settings, params=[]))
            group['params'] += entry['params']
        params[:] = groups.values()
