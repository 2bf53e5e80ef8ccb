import copy
from typing import Dict, List, Optional

import torch.nn as nn
from mmengine.optim import OptimWrapper
from mmseg.registry import OPTIM_WRAPPER_CONSTRUCTORS, OPTIM_WRAPPERS
from torch.optim import Optimizer

from ..utils import unwrap_model
from .joint_optimizer import JointOptimizer


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class JointOptimWrapperConstructor:
    """Build one optimiser per component inside the stock wrapper.

    A component is a sub-module of the model, named by its attribute path. Its
    optimiser is built by :class:`GroupedOptimWrapperConstructor` from its own
    settings; all of them stand behind one :class:`JointOptimizer`. The
    wrapper around it is the stock ``OptimWrapper`` or ``AmpOptimWrapper``
    with one gradient scaler, hence ``--amp``, accumulation,
    ``auto_scale_lr``, logging and resume work as with a single optimiser. A
    plain scheduler acts on all components; :func:`ComponentScheduler` acts on
    one.

    Args:
        optim_wrapper_cfg (dict): Config of the wrapper. ``optimizer`` maps
            each component to the config of its optimiser, which may name
            another ``constructor`` than the default one. ``clip_grad``, if
            given, maps components to clipping arguments. The rest goes to the
            wrapper.
        paramwise_cfg (dict, optional): Maps components to their
            ``paramwise_cfg``; names in it are relative to the component.
            Defaults to None.

    Raises:
        ValueError: If a component does not exist, or a trainable parameter
            belongs to none or to several.

    Examples:
        >>> optim_wrapper = dict(
        ...     type='OptimWrapper',
        ...     constructor='JointOptimWrapperConstructor',
        ...     optimizer=dict(
        ...         segmentor=dict(type='SGD', lr=2.5e-4, momentum=0.9),
        ...         discriminators=dict(type='Adam', lr=1e-4)),
        ...     paramwise_cfg=dict(segmentor=dict(
        ...         custom_keys=dict(decode_head=dict(lr_mult=10.)))),
        ...     clip_grad=dict(discriminators=dict(max_norm=1.)))
    """

    def __init__(self,
                 optim_wrapper_cfg: dict,
                 paramwise_cfg: Optional[dict] = None) -> None:
        cfg = copy.deepcopy(optim_wrapper_cfg)
        self.optimizers = cfg.pop('optimizer', None)
        if (not isinstance(self.optimizers, dict) or 'type' in self.optimizers
                or not self.optimizers or not all(
                    isinstance(v, dict) and 'type' in v
                    for v in self.optimizers.values())):
            raise ValueError(
                'JointOptimWrapperConstructor expects optim_wrapper.optimizer '
                'to map each component to an optimiser, e.g. '
                "dict(segmentor=dict(type='SGD', lr=0.01), discriminators="
                f"dict(type='Adam', lr=1e-4)), but got {self.optimizers}.")
        self.paramwise = self._per_component('paramwise_cfg', paramwise_cfg)
        self.clip_grad = self._per_component('clip_grad',
                                             cfg.pop('clip_grad', None))
        cfg.setdefault('type', 'OptimWrapper')
        self.wrapper_cfg = cfg

    def _per_component(self, field: str, value: Optional[dict]) -> dict:
        value = {} if value is None else dict(value)
        unknown = [key for key in value if key not in self.optimizers]
        if unknown:
            raise ValueError(
                f'optim_wrapper.{field} has the keys {unknown}, but the '
                f'components are {list(self.optimizers)}: with '
                'JointOptimWrapperConstructor it is given per component.')
        return {key: v for key, v in value.items() if v is not None}

    def __call__(self, model: nn.Module) -> OptimWrapper:
        """Build the wrapper.

        Args:
            model (nn.Module): The model, wrapped or not.

        Returns:
            OptimWrapper: The stock wrapper of the configured type.
        """
        model = unwrap_model(model)
        modules = {name: _submodule(model, name) for name in self.optimizers}
        for name, module in modules.items():
            if next(module.parameters(), None) is None:
                raise ValueError(
                    f'optim_wrapper.optimizer names the component {name!r}, '
                    'which has no parameters: leave it out.')
        _check_coverage(model, modules)
        joint = JointOptimizer(
            {
                name: self._build_optimizer(name, module)
                for name, module in modules.items()
            }, self.clip_grad)
        return OPTIM_WRAPPERS.build(dict(self.wrapper_cfg, optimizer=joint))

    def _build_optimizer(self, name: str, module: nn.Module) -> Optimizer:
        cfg = dict(self.optimizers[name])
        constructor = OPTIM_WRAPPER_CONSTRUCTORS.build(
            dict(
                type=cfg.pop('constructor', 'GroupedOptimWrapperConstructor'),
                optim_wrapper_cfg=dict(type='OptimWrapper', optimizer=cfg),
                paramwise_cfg=self.paramwise.get(name)))
        optimizer = constructor(module).optimizer
        for group in optimizer.param_groups:
            # of one component alone, torch would refuse the groups of all
            group.pop('param_names', None)
        return optimizer


def _submodule(model: nn.Module, name: str) -> nn.Module:
    try:
        return model.get_submodule(name)
    except AttributeError:
        children = [child for child, _ in model.named_children()]
        raise ValueError(
            f'optim_wrapper.optimizer names the component {name!r}, but '
            f'{type(model).__name__} has no such sub-module: its own are '
            f'{children}.') from None


def _check_coverage(model: nn.Module, modules: Dict[str, nn.Module]) -> None:
    """Raise unless each trainable parameter is in exactly one component."""
    owners: Dict[int, List[str]] = {}
    for name, module in modules.items():
        for param in module.parameters():
            owners.setdefault(id(param), []).append(name)
    missing, twice = [], []
    for name, param in model.named_parameters():
        if param.requires_grad:
            owner = owners.get(id(param), [])
            if not owner:
                missing.append(name)
            elif len(owner) > 1:
                twice.append(f'{name} ({", ".join(owner)})')
    for fault, names in (('no component', missing), ('several components',
                                                     twice)):
        if names:
            more = f' and {len(names) - 3} more' if len(names) > 3 else ''
            raise ValueError(
                f'Trainable parameters belong to {fault} of '
                f'optim_wrapper.optimizer {list(modules)}: '
                f'{", ".join(names[:3])}{more}; every one must belong to '
                'exactly one.')
