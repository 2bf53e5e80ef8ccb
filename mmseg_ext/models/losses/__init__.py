from .adversarial_loss import (BaseAdversarialLoss,
                               LeastSquaresAdversarialLoss,
                               VanillaAdversarialLoss)
from .background_weighted_cross_entropy_loss import \
    BackgroundWeightedCrossEntropyLoss
from .class_ratio_prior_loss import ClassRatioPriorLoss
from .constrained_loss import (ErrorSimulationGate, constrained_gate,
                               valid_cross_entropy)
from .denoising_loss import DenoisingLoss
from .dense_contrastive_loss import DenseContrastiveLoss
from .domain_confusion_loss import DomainConfusionLoss
from .dual_task_loss import DualTaskLoss
from .entropy_loss import EntropyLoss
from .error_localization_loss import ErrorLocalizationLoss
from .feature_distillation_loss import FeatureDistillationLoss
from .image_weighted_cross_entropy_loss import ImageWeightedCrossEntropyLoss
from .ohem_cross_entropy_loss import OHEMCrossEntropyLoss
from .perceptual_loss import PerceptualLoss
from .pixel_contrast_loss import PixelContrastLoss, sample_windows
from .pseudo_label_loss import PseudoLabelLoss
from .query_text_contrastive_loss import QueryTextContrastiveLoss
from .size_constraint_loss import SizeConstraintLoss
from .size_constraint_solver import solve_size_constraints
from .soft_target_bce_loss import SoftTargetBCELoss
from .statistics_loss import StatisticsLoss
from .target_loss import BaseTargetLoss

__all__ = [
    'BackgroundWeightedCrossEntropyLoss',
    'BaseAdversarialLoss',
    'BaseTargetLoss',
    'ClassRatioPriorLoss',
    'DenoisingLoss',
    'DenseContrastiveLoss',
    'DomainConfusionLoss',
    'DualTaskLoss',
    'EntropyLoss',
    'ErrorLocalizationLoss',
    'ErrorSimulationGate',
    'FeatureDistillationLoss',
    'ImageWeightedCrossEntropyLoss',
    'LeastSquaresAdversarialLoss',
    'OHEMCrossEntropyLoss',
    'PerceptualLoss',
    'PixelContrastLoss',
    'PseudoLabelLoss',
    'QueryTextContrastiveLoss',
    'SizeConstraintLoss',
    'SoftTargetBCELoss',
    'StatisticsLoss',
    'VanillaAdversarialLoss',
    'constrained_gate',
    'sample_windows',
    'solve_size_constraints',
    'valid_cross_entropy',
]
