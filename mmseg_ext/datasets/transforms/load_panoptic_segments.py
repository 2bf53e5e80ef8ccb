from typing import Optional, Sequence

import numpy as np
from mmdet.datasets.transforms import LoadPanopticAnnotations
from mmdet.registry import TRANSFORMS
from mmdet.structures.bbox import get_box_type

from .sample_segmentation_task import class_table


@TRANSFORMS.register_module()
class LoadPanopticSegments(LoadPanopticAnnotations):
    """Load every segment of a panoptic label as an instance, stuff too.

    mmdet's ``LoadPanopticAnnotations`` gives masks of things, and stuff as a
    label map in which two segments of a class are one. Here each segment but
    a crowd has its label, mask and box, and goes through all transforms of
    mmdet as an instance.

    Args:
        dataset (str, optional): Name of a data set class of mmdet, which
            knows the things. Defaults to None.
        class_names (Sequence[str], optional): All classes, instead of
            ``dataset``. Defaults to None.
        thing_classes (Sequence[str], optional): Names of the things, instead
            of ``dataset``. Defaults to None.
        **kwargs: Arguments of ``LoadPanopticAnnotations``.

    Raises:
        ValueError: If neither tells the classes.
    """

    def __init__(self,
                 dataset: Optional[str] = None,
                 class_names: Optional[Sequence[str]] = None,
                 thing_classes: Optional[Sequence[str]] = None,
                 **kwargs) -> None:
        _, self.thing_ids = class_table('LoadPanopticSegments', dataset,
                                        class_names, thing_classes)
        super().__init__(with_seg=False, **kwargs)

    def transform(self, results: dict) -> dict:
        """Load.

        Args:
            results (dict): With ``segments_info`` and ``seg_map_path``.

        Returns:
            dict: With ``gt_masks``, ``gt_bboxes``, ``gt_bboxes_labels`` and
            ``gt_ignore_flags`` of all segments.
        """
        # a crowd is a thing class that is not counted
        segments = [
            dict(segment, is_thing=True)
            for segment in results['segments_info']
            if segment['is_thing'] or segment['category'] not in self.thing_ids
        ]
        results = dict(
            results,
            segments_info=segments,
            # boxes follow from the masks
            instances=[
                dict(
                    bbox=[0., 0., 0., 0.],
                    bbox_label=segment['category'],
                    ignore_flag=0) for segment in segments
            ])
        results = super().transform(results)
        if self.with_bbox and 'gt_masks' in results:
            _, box_type = get_box_type(self.box_type)
            results['gt_bboxes'] = results['gt_masks'].get_bboxes(box_type)
            results['gt_ignore_flags'] = np.zeros(len(segments), dtype=bool)
        return results
