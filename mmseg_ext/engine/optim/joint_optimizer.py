from typing import Any, Callable, Dict, Optional

import torch
from mmengine.logging import MessageHub
from torch.optim import Optimizer


class JointOptimizer(Optimizer):
    """Several optimisers behind the interface of one.

    ``param_groups`` are those of all components one after the other, the very
    same dicts, so that schedulers, ``auto_scale_lr``, logging and the
    gradient scaler of mixed precision see and change what is used. Steps,
    ``zero_grad`` and the state go to each component. Gradients are clipped
    per component right ahead of its step, when a scaler has already unscaled
    them. A scaler that finds an overflow in any component skips all of them.

    ``defaults`` are those of the first component: the stock wrapper logs its
    learning rate as ``base_lr``. Each component's own is logged as
    ``<component>_lr``, its gradient norm, where it is clipped by norm, as
    ``<component>_grad_norm``.

    Args:
        optimizers (dict[str, Optimizer]): Optimisers by component.
        clip_grad (dict[str, dict], optional): Arguments of
            ``torch.nn.utils.clip_grad_norm_`` (or, with ``type='value'``, of
            ``clip_grad_value_``) for the components that are clipped.
            Defaults to None.
    """

    def __init__(self,
                 optimizers: Dict[str, Optimizer],
                 clip_grad: Optional[Dict[str, dict]] = None) -> None:
        self.optimizers = dict(optimizers)
        self._clips = {
            name: _Clip(name, **kwargs)
            for name, kwargs in (clip_grad or {}).items()
        }
        # No defaults here, they would be written into the groups of others.
        super().__init__(self._collect_groups(), {})
        self.defaults = dict(next(iter(optimizers.values())).defaults)

    def _collect_groups(self) -> list:
        return [
            group for optimizer in self.optimizers.values()
            for group in optimizer.param_groups
        ]

    @property
    def state(self) -> dict:
        """dict: State of every parameter of every component."""
        return {
            param: value
            for optimizer in self.optimizers.values()
            for param, value in optimizer.state.items()
        }

    @state.setter
    def state(self, value: dict) -> None:
        # The base class sets an empty one of its own.
        if value:
            raise AttributeError('The state of a JointOptimizer belongs to '
                                 'its components; use load_state_dict.')

    def step(self, closure: Optional[Callable] = None) -> Any:
        """Clip and step every component.

        Args:
            closure (Callable, optional): Evaluates the loss once, ahead of
                all steps. Defaults to None.

        Returns:
            Any: What the closure returns.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        hub = MessageHub.get_current_instance()
        for name, optimizer in self.optimizers.items():
            if name in self._clips:
                self._clips[name](optimizer, hub)
            hub.update_scalar(f'train/{name}_lr',
                              optimizer.param_groups[0]['lr'])
            optimizer.step()
        return loss

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Reset the gradients of every component.

        Args:
            set_to_none (bool): As in torch. Defaults to True.
        """
        for optimizer in self.optimizers.values():
            optimizer.zero_grad(set_to_none=set_to_none)

    def state_dict(self) -> Dict[str, Any]:
        """Give the state of every component.

        Returns:
            dict: ``optimizers``, state dicts by component.
        """
        return dict(
            optimizers={
                name: optimizer.state_dict()
                for name, optimizer in self.optimizers.items()
            })

    def load_state_dict(self, state_dict: Dict[str, Any]) -> None:
        """Load the state of every component.

        Args:
            state_dict (dict): Result of :meth:`state_dict`.

        Raises:
            ValueError: If it has other components.
        """
        states = state_dict.get('optimizers', {})
        if set(states) != set(self.optimizers):
            raise ValueError(
                'The checkpoint holds the optimiser components '
                f'{sorted(states) or "of a single optimiser"}, but '
                f'optim_wrapper.optimizer names {sorted(self.optimizers)}: '
                'resume with the config that wrote it, or start anew from its '
                'weights with load_from.')
        for name, optimizer in self.optimizers.items():
            optimizer.load_state_dict(states[name])
        # Torch makes new groups when it loads.
        self.param_groups = self._collect_groups()

    def __repr__(self) -> str:
        parts = ''.join(f'{name}: {optimizer}\n'
                        for name, optimizer in self.optimizers.items())
        return f'{type(self).__name__}(\n{parts})'


class _Clip:
    """Gradient clipping of one component.

    Args:
        name (str): The component.
        type (str): ``norm`` or ``value``. Defaults to 'norm'.
        **kwargs: Arguments of torch's function.
    """

    def __init__(self, name: str, type: str = 'norm', **kwargs) -> None:
        functions = dict(
            norm=torch.nn.utils.clip_grad_norm_,
            value=torch.nn.utils.clip_grad_value_)
        if type not in functions or not kwargs:
            raise ValueError(
                f'optim_wrapper.clip_grad.{name} is '
                f"{dict(type=type, **kwargs)}: expected e.g. dict(max_norm=1.)"
                " or dict(type='value', clip_value=1.).")
        self._name = name
        self._function = functions[type]
        self._kwargs = kwargs

    def __call__(self, optimizer: Optimizer, hub: MessageHub) -> None:
        params = [
            p for group in optimizer.param_groups for p in group['params']
            if p.grad is not None
        ]
        if params:
            norm = self._function(params, **self._kwargs)
            if norm is not None:
                hub.update_scalar(f'train/{self._name}_grad_norm', float(norm))
