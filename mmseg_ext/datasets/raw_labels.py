from typing import ClassVar, Dict, List, Optional

from .label_maps import compose_label_maps

CONVERTED_SUFFIX = '_labelTrainIds.png'


class RawLabelMixin:
    """Lets a data set read its label files as they were downloaded.

    To be named ahead of :class:`mmseg.datasets.BaseSegDataset` among the
    bases. The map from label ids to classes becomes the ``label_map`` of each
    image, put together with the map to a subset of the classes if ``metainfo``
    names one. Whatever loads labels with the stock ``LoadAnnotations`` so
    gets class ids, offline tools included.

    Args:
        raw_labels (bool): Whether the label files hold the label ids of the
            download; False reads the files that the converter made. Defaults
            to False.
        seg_map_suffix (str, optional): Suffix of the label files. Defaults to
            None: '_labelTrainIds.png', or '.png' with ``raw_labels``.
        **kwargs: Arguments of the data set.
    """

    # Class id of the label ids, and the number of label ids there are.
    RAW_LABEL_MAP: ClassVar[Dict[int, int]]
    NUM_RAW_LABELS: ClassVar[int]

    def __init__(self,
                 raw_labels: bool = False,
                 seg_map_suffix: Optional[str] = None,
                 **kwargs) -> None:
        self.raw_labels = raw_labels
        if seg_map_suffix is None:
            seg_map_suffix = '.png' if raw_labels else CONVERTED_SUFFIX
        super().__init__(seg_map_suffix=seg_map_suffix, **kwargs)

    def load_data_list(self) -> List[dict]:
        """Load the list.

        Returns:
            list[dict]: Data info of every image.
        """
        infos = super().load_data_list()
        if self.raw_labels:
            label_map = compose_label_maps(self.RAW_LABEL_MAP, self.label_map,
                                           self.NUM_RAW_LABELS)
            for info in infos:
                info['label_map'] = label_map
        return infos
