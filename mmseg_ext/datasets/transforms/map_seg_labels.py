from typing import Mapping

from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from ..label_maps import lookup_table


@TRANSFORMS.register_module()
class MapSegLabels(BaseTransform):
    """Map the ids of a label map to classes in one look-up.

    For label files whose ids are not the data set's classes, right after
    ``LoadAnnotations``::

        dict(type='LoadAnnotations'),
        dict(type='MapSegLabels', mapping={7: 0, 8: 1, 11: 2})

    :class:`GTADataset` and :class:`SYNTHIADataset` do not need it: they map
    while loading.

    Required keys: ``gt_seg_map``. Modified keys: ``gt_seg_map`` (np.uint8).

    Args:
        mapping (dict[int, int]): Class id of each label id, both from 0 to
            255. Label ids that it lacks become 255, ignored.

    Raises:
        ValueError: If ``mapping`` is empty or has another value, or if the
            data set maps a subset of its classes: that happens while loading,
            on ids that are not yet mapped.
    """

    def __init__(self, mapping: Mapping[int, int]) -> None:
        if not mapping:
            raise ValueError('MapSegLabels.mapping is empty; give the class '
                             'id of each label id, for instance {7: 0, 8: 1}.')
        self.mapping = dict(mapping)
        self._table = lookup_table(mapping, 'MapSegLabels.mapping')

    def transform(self, results: dict) -> dict:
        """Map the labels.

        Args:
            results (dict): Results with a loaded ``gt_seg_map``.

        Returns:
            dict: The same with mapped labels.
        """
        if 'gt_seg_map' not in results:
            raise ValueError('MapSegLabels found no gt_seg_map; put it after '
                             'LoadAnnotations.')
        if results.get('label_map') is not None:
            raise ValueError(
                'MapSegLabels found a label_map of the data set, which '
                'LoadAnnotations has applied to unmapped ids; leave '
                'metainfo.classes as the data set has them and map to the '
                'subset with MapSegLabels.mapping.')
        results['gt_seg_map'] = self._table[results['gt_seg_map']]
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(mapping={self.mapping})'
