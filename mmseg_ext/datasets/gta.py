import numpy as np
from mmseg.datasets import BaseSegDataset, CityscapesDataset
from mmseg.registry import DATASETS
from PIL import Image

from .raw_labels import RawLabelMixin
from .split_lists import SplitListMixin


@DATASETS.register_module()
class GTADataset(RawLabelMixin, SplitListMixin, BaseSegDataset):
    """GTA5, 24966 rendered street scenes, in the 19 classes of Cityscapes.

    The layout is that of the download, ``images/*.png`` and ``labels/*.png``;
    ``tools/dataset_converters/gta.py`` adds ``labels/*_labelTrainIds.png``.
    With ``raw_labels=True`` no conversion is needed, but each label map then
    costs the stock loading one pass per label id.

    Data of `Playing for Data: Ground Truth from Computer Games
    <https://arxiv.org/abs/1608.02192>`_.

    Args:
        raw_labels (bool): Whether to read the label files of the download.
            Defaults to False.
        img_suffix (str): Suffix of the images. Defaults to '.png'.
        seg_map_suffix (str, optional): Suffix of the label files. Defaults to
            None: '_labelTrainIds.png', or '.png' with ``raw_labels``.
        **kwargs: Arguments of :class:`mmseg.datasets.BaseSegDataset`.
    """
    METAINFO = CityscapesDataset.METAINFO
    # The files hold the label ids of Cityscapes.
    RAW_LABEL_MAP = {
        7: 0,
        8: 1,
        11: 2,
        12: 3,
        13: 4,
        17: 5,
        19: 6,
        20: 7,
        21: 8,
        22: 9,
        23: 10,
        24: 11,
        25: 12,
        26: 13,
        27: 14,
        28: 15,
        31: 16,
        32: 17,
        33: 18
    }
    NUM_RAW_LABELS = 35

    def __init__(self,
                 raw_labels: bool = False,
                 img_suffix: str = '.png',
                 **kwargs) -> None:
        super().__init__(
            raw_labels=raw_labels, img_suffix=img_suffix, **kwargs)


def read_gta_label(path: str) -> np.ndarray:
    """Read a label file of the download, a PNG with a palette.

    Args:
        path (str): The file.

    Returns:
        np.ndarray: uint8 (H, W), label ids.

    Raises:
        ValueError: If the file is damaged or in colour, or has a value that is
            no label id.
    """
    try:
        with Image.open(path) as image:
            mode, label = image.mode, np.array(image)
    except (OSError, SyntaxError) as error:
        raise ValueError(f'the label file {path} is damaged ({error})')
    if mode not in ('P', 'L'):
        raise ValueError(
            f'the label file {path} has the colour mode {mode}, expected is a '
            'palette (P) whose indices are label ids')
    if label.max() >= GTADataset.NUM_RAW_LABELS:
        raise ValueError(
            f'the label file {path} has the value {label.max()}, expected are '
            f'label ids from 0 to {GTADataset.NUM_RAW_LABELS - 1}')
    return label
