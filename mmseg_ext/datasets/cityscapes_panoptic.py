import os.path as osp

from mmdet.datasets import CocoPanopticDataset
from mmdet.registry import DATASETS
from mmseg.datasets import CityscapesDataset

_META = CityscapesDataset.METAINFO


@DATASETS.register_module()
class CityscapesPanopticDataset(CocoPanopticDataset):
    """Cityscapes with panoptic labels.

    The labels are those of ``tools/dataset_converters/cityscapes_panoptic.py``
    : one folder, named as the images, which lie in a folder for each city.
    Classes are in the order of their training ids, with the things last.

    Args:
        **kwargs: Arguments of mmdet's ``CocoPanopticDataset``.
    """
    METAINFO = dict(
        classes=_META['classes'],
        thing_classes=_META['classes'][11:],
        stuff_classes=_META['classes'][:11],
        palette=[tuple(colour) for colour in _META['palette']])

    def parse_data_info(self, raw_data_info: dict) -> dict:
        """Parse a raw annotation.

        Args:
            raw_data_info (dict): Raw annotation.

        Returns:
            dict: Parsed annotation.
        """
        info = super().parse_data_info(raw_data_info)
        if info['seg_map_path'] is not None:
            info['seg_map_path'] = osp.join(self.data_prefix['seg'],
                                            osp.basename(info['img_path']))
        return info
