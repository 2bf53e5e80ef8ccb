from typing import List, Optional

import mmengine.fileio as fileio
from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS

from .split_lists import SplitListMixin


@DATASETS.register_module()
class CamVidDataset(SplitListMixin, BaseSegDataset):
    """CamVid in the 11 classes of the SegNet split.

    ``tools/dataset_converters/camvid.py`` makes the expected layout,
    ``images/{train,val,test}`` and ``annotations/{train,val,test}``.

    Args:
        img_suffix (str, optional): Suffix of the images. Defaults to None:
            '.png', or '.jpg' where the folder has no image of the former.
        seg_map_suffix (str): Suffix of the label maps. Defaults to '.png'.
        **kwargs: Arguments of :class:`mmseg.datasets.BaseSegDataset`.
    """
    METAINFO = dict(
        classes=('sky', 'building', 'pole', 'road', 'pavement', 'tree', 'sign',
                 'fence', 'car', 'pedestrian', 'bicyclist'),
        palette=[[128, 128, 128], [128, 0, 0], [192, 192, 128], [128, 64, 128],
                 [60, 40, 222], [128, 128, 0], [192, 128, 128], [64, 64, 128],
                 [64, 0, 128], [64, 64, 0], [0, 128, 192]])

    def __init__(self,
                 img_suffix: Optional[str] = None,
                 seg_map_suffix: str = '.png',
                 **kwargs) -> None:
        super().__init__(
            img_suffix=img_suffix, seg_map_suffix=seg_map_suffix, **kwargs)

    def load_data_list(self) -> List[dict]:
        """Find out the images' suffix and load the list.

        Returns:
            list[dict]: Data info of every image.
        """
        if self.img_suffix is None:
            folder = self.data_prefix.get('img_path') or '.'
            self.img_suffix = '.png'
            if fileio.isdir(folder, self.backend_args) and not any(
                    fileio.list_dir_or_file(
                        folder,
                        list_dir=False,
                        suffix='.png',
                        recursive=True,
                        backend_args=self.backend_args)):
                self.img_suffix = '.jpg'
        return super().load_data_list()
