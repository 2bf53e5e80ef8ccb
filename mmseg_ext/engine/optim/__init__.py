from .component_scheduler import ComponentScheduler
from .grouped_optim_wrapper_constructor import GroupedOptimWrapperConstructor
from .joint_optim_wrapper_constructor import JointOptimWrapperConstructor
from .joint_optimizer import JointOptimizer
from .layer_decay_optimizer_constructor import (
    AlgorithmLayerDecayConstructor, AlgorithmLearningRateDecayConstructor)

__all__ = [
    'AlgorithmLayerDecayConstructor', 'AlgorithmLearningRateDecayConstructor',
    'ComponentScheduler', 'GroupedOptimWrapperConstructor',
    'JointOptimWrapperConstructor', 'JointOptimizer'
]
