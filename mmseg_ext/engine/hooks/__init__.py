from .adaptive_batch_norm_hook import AdaptiveBatchNormHook
from .atomic_checkpoint_hook import AtomicCheckpointHook
from .check_finite_loss_hook import CheckFiniteLossHook
from .check_ignore_index_hook import CheckIgnoreIndexHook
from .check_loaded_keys_hook import CheckLoadedKeysHook
from .check_thing_classes_hook import CheckThingClassesHook
from .class_incremental_hook import ClassIncrementalHook
from .denoising_visualization_hook import DenoisingVisualizationHook
from .domain_adaptation_visualization_hook import \
    DomainAdaptationVisualizationHook
from .eln_visualization_hook import ELNVisualizationHook
from .ema_teacher_hook import EMATeacherHook
from .error_simulation_hook import ErrorSimulationHook
from .export_pretrained_hook import ExportPretrainedHook
from .incremental_visualization_hook import IncrementalVisualizationHook
from .label_scan_hook import LabelScanHook
from .position_attention_visualization_hook import \
    PositionAttentionVisualizationHook
from .pseudo_label_hook import PseudoLabelHook
from .shape_stream_visualization_hook import ShapeStreamVisualizationHook
from .stage_hook import StageHook
from .translation_visualization_hook import TranslationVisualizationHook

__all__ = [
    'AdaptiveBatchNormHook',
    'AtomicCheckpointHook',
    'CheckFiniteLossHook',
    'CheckIgnoreIndexHook',
    'CheckLoadedKeysHook',
    'CheckThingClassesHook',
    'ClassIncrementalHook',
    'DenoisingVisualizationHook',
    'DomainAdaptationVisualizationHook',
    'ELNVisualizationHook',
    'EMATeacherHook',
    'ErrorSimulationHook',
    'ExportPretrainedHook',
    'IncrementalVisualizationHook',
    'LabelScanHook',
    'PositionAttentionVisualizationHook',
    'PseudoLabelHook',
    'ShapeStreamVisualizationHook',
    'StageHook',
    'TranslationVisualizationHook',
]
