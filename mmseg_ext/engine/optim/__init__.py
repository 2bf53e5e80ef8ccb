from ...compat import layer_decay
from .component_scheduler import ComponentScheduler
from .grouped_optim_wrapper_constructor import GroupedOptimWrapperConstructor
from .joint_optim_wrapper_constructor import JointOptimWrapperConstructor
from .joint_optimizer import JointOptimizer

__all__ = [
    'ComponentScheduler', 'GroupedOptimWrapperConstructor',
    'JointOptimWrapperConstructor', 'JointOptimizer'
]

layer_decay.apply()
