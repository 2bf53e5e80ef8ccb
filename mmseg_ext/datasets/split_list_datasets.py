from mmseg.datasets import CityscapesDataset, PascalVOCDataset
from mmseg.registry import DATASETS

from .split_lists import SplitListMixin


@DATASETS.register_module()
class SplitListPascalVOCDataset(SplitListMixin, PascalVOCDataset):
    """Pascal VOC whose ``ann_file`` may be any published split list.

    See :func:`mmseg_ext.datasets.read_split_list` for the forms; arguments as
    of :class:`mmseg.datasets.PascalVOCDataset`.
    """


@DATASETS.register_module()
class SplitListCityscapesDataset(SplitListMixin, CityscapesDataset):
    """Cityscapes whose ``ann_file`` may be any published split list.

    See :func:`mmseg_ext.datasets.read_split_list` for the forms; arguments as
    of :class:`mmseg.datasets.CityscapesDataset`.
    """
