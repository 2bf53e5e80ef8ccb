"""Steps between trainings: sharded by rank, resumable, written atomically."""
from .cache import OfflineCache, file_hash
from .classified_images import list_classified_images, load_classified_images
from .confidence import ConfidenceMaps
from .confidence_histogram import ConfidenceHistogram, least_levels, to_levels
from .dataset_configs import check_data_root, png_suffix, source_leaves
from .explanation_store import ClassifiedImage, ExplanationStore
from .images import (ListedImage, list_images, load_images, share_of_rank,
                     show_progress, test_pipeline)
from .pseudo_label_accuracy import PseudoLabelAccuracy
from .setup import (find_device, inference_settings, load_model,
                    offline_parser, read_config)

__all__ = [
    'ClassifiedImage', 'ConfidenceHistogram', 'ConfidenceMaps',
    'ExplanationStore', 'ListedImage', 'OfflineCache', 'PseudoLabelAccuracy',
    'check_data_root', 'file_hash', 'find_device', 'inference_settings',
    'least_levels', 'list_classified_images', 'list_images',
    'load_classified_images', 'load_images', 'load_model', 'offline_parser',
    'png_suffix', 'read_config', 'share_of_rank', 'show_progress',
    'source_leaves', 'test_pipeline', 'to_levels'
]
