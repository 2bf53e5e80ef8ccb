from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS

from .split_lists import SplitListMixin
from .toystreet_generator import CLASSES, PALETTE


@DATASETS.register_module()
class ToyStreetDataset(SplitListMixin, BaseSegDataset):
    """ToyStreet, small street scenes rendered by
    ``tools/dataset_converters/toystreet.py``.

    ``data_root`` is the folder of one domain, ``data/toystreet/day`` or
    ``data/toystreet/dusk``; split lists lie in its ``splits`` folder.

    Args:
        img_suffix (str): Suffix of the images. Defaults to '.png'.
        seg_map_suffix (str): Suffix of the label maps. Defaults to '.png'.
        **kwargs: Arguments of :class:`mmseg.datasets.BaseSegDataset`.
    """
    METAINFO = dict(classes=CLASSES, palette=PALETTE)

    def __init__(self,
                 img_suffix: str = '.png',
                 seg_map_suffix: str = '.png',
                 **kwargs) -> None:
        super().__init__(
            img_suffix=img_suffix, seg_map_suffix=seg_map_suffix, **kwargs)
