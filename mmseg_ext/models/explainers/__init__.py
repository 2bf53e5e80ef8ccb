"""Explanations of classifiers, and what a committee of them agrees on."""
from .classifier import ExplainedClassifier
from .consensus import average_maps, normalise_map, to_deciles
from .explanation_ensemble import Explanation, ExplanationEnsemble
from .gradient_explainer import BaseGradientExplainer
from .integrated_gradients import IntegratedGradients
from .smooth_grad import SmoothGrad

__all__ = [
    'BaseGradientExplainer', 'ExplainedClassifier', 'Explanation',
    'ExplanationEnsemble', 'IntegratedGradients', 'SmoothGrad', 'average_maps',
    'normalise_map', 'to_deciles'
]
