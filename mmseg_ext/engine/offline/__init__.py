"""Steps between trainings: sharded by rank, resumable, written atomically."""
from .cache import OfflineCache, file_hash
from .confidence import ConfidenceMaps
from .confidence_histogram import ConfidenceHistogram, least_levels, to_levels
from .images import (ListedImage, list_images, load_images, share_of_rank,
                     show_progress, test_pipeline)
from .pseudo_label_accuracy import PseudoLabelAccuracy
from .setup import load_model, offline_parser, read_config

__all__ = [
    'ConfidenceHistogram', 'ConfidenceMaps', 'ListedImage', 'OfflineCache',
    'PseudoLabelAccuracy', 'file_hash', 'least_levels', 'list_images',
    'load_images', 'load_model', 'offline_parser', 'read_config',
    'share_of_rank', 'show_progress', 'test_pipeline', 'to_levels'
]
