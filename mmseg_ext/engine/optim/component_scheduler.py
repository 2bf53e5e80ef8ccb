from mmengine.optim import OptimWrapper
from mmseg.registry import PARAM_SCHEDULERS

from .joint_optimizer import JointOptimizer


@PARAM_SCHEDULERS.register_module()
def ComponentScheduler(optimizer: OptimWrapper, component: str, scheduler: str,
                       **kwargs):
    """Build a stock scheduler that acts on one component alone.

    Goes with :class:`JointOptimWrapperConstructor`. A plain scheduler in the
    same list acts on all components on top of it, so give each component its
    own as soon as one has its own.

    Args:
        optimizer (OptimWrapper): The wrapper; the runner fills it in.
        component (str): Name of the component.
        scheduler (str): Type of the stock scheduler, e.g. 'PolyLR'.
        **kwargs: Arguments of the stock scheduler.

    Returns:
        _ParamScheduler: The stock scheduler.

    Raises:
        ValueError: If there is no such component.

    Examples:
        >>> param_scheduler = [
        ...     dict(type='ComponentScheduler', component='segmentor',
        ...          scheduler='PolyLR', power=0.9, by_epoch=False),
        ...     dict(type='ComponentScheduler', component='discriminators',
        ...          scheduler='ConstantLR', factor=1., by_epoch=False)]
    """
    joint = getattr(optimizer, 'optimizer', optimizer)
    known = list(joint.optimizers) if isinstance(joint, JointOptimizer) else []
    if component not in known:
        raise ValueError(
            f'param_scheduler names the component {component!r}, but the '
            f'optimiser has the components {known}: name one of them, or set '
            "optim_wrapper.constructor='JointOptimWrapperConstructor'.")
    return PARAM_SCHEDULERS.build(
        dict(type=scheduler, optimizer=joint.optimizers[component], **kwargs))


def _build_iter_from_epoch(**kwargs):
    """What mmengine calls where ``convert_to_iter_based`` is given."""
    return ComponentScheduler(convert_to_iter_based=True, **kwargs)


ComponentScheduler.build_iter_from_epoch = _build_iter_from_epoch
