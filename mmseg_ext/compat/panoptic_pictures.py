"""Let mmdet draw a panoptic map without a segment.

The visualizer of mmdet 3.3 stacks the areas of the segments and fails where
there are none, as an untrained model has it. Applied with the first model on
mmdet.
"""
from functools import wraps

import numpy as np

__all__ = ['apply']


def apply() -> None:
    """Let ``DetLocalVisualizer`` leave an image without segments, once."""
    from mmdet.visualization import DetLocalVisualizer
    original = DetLocalVisualizer._draw_panoptic_seg
    if hasattr(original, '__wrapped__'):
        return

    @wraps(original)
    def draw_what_there_is(self, image, panoptic_seg, classes, palette):
        void = len(classes)
        if 'label_names' in panoptic_seg:
            meta = panoptic_seg.metainfo
            void = meta.get('ignore_index', len(meta['label_names']))
        if (np.asarray(panoptic_seg.sem_seg) == void).all():
            return image
        return original(self, image, panoptic_seg, classes, palette)

    DetLocalVisualizer._draw_panoptic_seg = draw_what_there_is
