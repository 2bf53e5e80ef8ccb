from .multi_source_dataset import MultiSourceDataset
from .samplers import *  # noqa: F401,F403
from .seeded_dataset import SeededDataset
from .transforms import *  # noqa: F401,F403

__all__ = ['MultiSourceDataset', 'SeededDataset']
