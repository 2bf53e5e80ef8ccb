from typing import Sequence

from mmcv.transforms import Pad

from .transforms import AddValidMask, PadSegFields

_GEOMETRIC = ('Resize', 'RandomResize', 'RandomChoiceResize', 'RandomFlip',
              'RandomRotate', 'RandomRotFlip', 'ResizeToMultiple',
              'ResizeShortestEdge', 'SegRescale', 'RandomMosaic')
_LIBRARIES = ('mmcv', 'mmdet', 'mmpretrain', 'mmseg', 'mmseg_ext')


def check_pipeline(transforms: Sequence, field: str) -> None:
    """Refuse pipelines that would fail or mislead only while training.

    Args:
        transforms (Sequence[callable]): The transforms, in order.
        field (str): Config field of the data set.

    Raises:
        ValueError: If a stock ``Pad`` stands ahead of a transform that moves
            the border, so that ``valid_mask`` no longer matches the image, or
            if ``RandomCrop`` needs labels that nothing loads.
    """
    names = [type(transform).__name__ for transform in transforms]
    has_mask = any(isinstance(t, AddValidMask) for t in transforms)
    padded = False
    for name, transform in zip(names, transforms):
        if padded and name in _GEOMETRIC:
            raise ValueError(
                f'{field}.pipeline has Pad ahead of {name}, but the stock Pad '
                'does not pad valid_mask; use PadSegFields in its place, or '
                'put Pad last.')
        if has_mask and isinstance(
                transform, Pad) and not isinstance(transform, PadSegFields):
            padded = True
        if (name == 'RandomCrop' and transform.cat_max_ratio < 1
                and not any(map(_may_load_labels, transforms))):
            raise ValueError(
                f'{field}.pipeline has RandomCrop(cat_max_ratio='
                f'{transform.cat_max_ratio}), which needs labels, but loads '
                'none; set cat_max_ratio=1.')


def _may_load_labels(transform: object) -> bool:
    """Whether it is named as a loader of labels, or not known at all."""
    kind = type(transform)
    known = kind.__module__.partition('.')[0] in _LIBRARIES
    return 'Annotation' in kind.__name__ or not known
