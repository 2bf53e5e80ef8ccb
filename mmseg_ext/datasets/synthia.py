from mmseg.datasets import BaseSegDataset, CityscapesDataset
from mmseg.datasets.transforms import LoadAnnotations
from mmseg.registry import DATASETS

from .dataset_tree import pipeline_transforms
from .raw_labels import RawLabelMixin
from .split_lists import SplitListMixin
from .transforms.load_synthia_annotations import (NUM_LABELS,
                                                  LoadSynthiaAnnotations)


@DATASETS.register_module()
class SYNTHIADataset(RawLabelMixin, SplitListMixin, BaseSegDataset):
    """SYNTHIA-RAND-CITYSCAPES, 9400 rendered street scenes, in the 19 classes
    of Cityscapes, of which terrain, truck and train do not occur.

    The layout is that of the download, ``RGB/*.png`` and ``GT/LABELS/*.png``;
    ``tools/dataset_converters/synthia.py`` adds
    ``GT/LABELS/*_labelTrainIds.png``. With ``raw_labels=True`` no conversion
    is needed, but ``LoadSynthiaAnnotations`` in place of ``LoadAnnotations``.

    For the protocol of 16 classes name them in ``metainfo.classes``. Data of
    `The SYNTHIA Dataset (CVPR 2016) <https://synthia-dataset.net>`_.

    Args:
        raw_labels (bool): Whether to read the label files of the download.
            Defaults to False.
        img_suffix (str): Suffix of the images. Defaults to '.png'.
        seg_map_suffix (str, optional): Suffix of the label files. Defaults to
            None: '_labelTrainIds.png', or '.png' with ``raw_labels``.
        **kwargs: Arguments of :class:`mmseg.datasets.BaseSegDataset`.

    Raises:
        ValueError: If the pipeline's way of loading labels is not that of the
            label files.
    """
    METAINFO = CityscapesDataset.METAINFO
    RAW_LABEL_MAP = {
        1: 10,
        2: 2,
        3: 0,
        4: 1,
        5: 4,
        6: 8,
        7: 5,
        8: 13,
        9: 7,
        10: 11,
        11: 18,
        12: 17,
        15: 6,
        16: 9,
        17: 12,
        18: 14,
        19: 15,
        20: 16,
        21: 3
    }
    NUM_RAW_LABELS = NUM_LABELS

    def __init__(self,
                 raw_labels: bool = False,
                 img_suffix: str = '.png',
                 **kwargs) -> None:
        super().__init__(
            raw_labels=raw_labels, img_suffix=img_suffix, **kwargs)
        for transform in pipeline_transforms(self):
            if not isinstance(transform, LoadAnnotations):
                continue
            is_raw = isinstance(transform, LoadSynthiaAnnotations)
            if is_raw != raw_labels:
                right = LoadSynthiaAnnotations if raw_labels \
                    else LoadAnnotations
                raise ValueError(
                    f'SYNTHIADataset.raw_labels is {raw_labels}, but its '
                    f'pipeline has {type(transform).__name__}; use '
                    f'{right.__name__} or set raw_labels={is_raw}.')
