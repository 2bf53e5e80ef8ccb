from ..utils.extras import is_installed
from .camvid import CamVidDataset
from .class_incremental_dataset import ClassIncrementalDataset
from .gta import GTADataset
from .multi_source_dataset import MultiSourceDataset
from .pssl import PSSLDataset
from .samplers import *  # noqa: F401,F403
from .seeded_dataset import SeededDataset
from .split_list_datasets import (SplitListCityscapesDataset,
                                  SplitListPascalVOCDataset)
from .split_lists import SplitListMixin, read_split_list, write_split_list
from .synthia import SYNTHIADataset
from .toystreet import ToyStreetDataset
from .transforms import *  # noqa: F401,F403
from .unlabeled import UnlabeledImageDataset

__all__ = [
    'CamVidDataset', 'ClassIncrementalDataset', 'GTADataset',
    'MultiSourceDataset', 'PSSLDataset', 'SYNTHIADataset', 'SeededDataset',
    'SplitListCityscapesDataset', 'SplitListMixin',
    'SplitListPascalVOCDataset', 'ToyStreetDataset', 'UnlabeledImageDataset',
    'read_split_list', 'write_split_list'
]

if is_installed('mmdet'):
    from .cityscapes_panoptic import CityscapesPanopticDataset  # noqa: F401
    __all__ += ['CityscapesPanopticDataset']
