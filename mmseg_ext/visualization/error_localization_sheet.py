"""A row of pictures that tells how well errors are localised."""
from typing import List, Sequence

import numpy as np

from .image_sheet import Panel, overlay_labels

_RIGHT, _WRONG, _VOID = (235, 235, 235), (200, 30, 30), (120, 120, 120)
_REJECTED = (60, 60, 60)


def error_localization_row(image: np.ndarray,
                           truth: np.ndarray,
                           prediction: np.ndarray,
                           valid: np.ndarray,
                           palette: Sequence[Sequence[int]],
                           predicted_by: str = 'teacher',
                           ignore_index: int = 255) -> List[Panel]:
    """Panels of one image: truth, prediction, errors, what is kept.

    Args:
        image (np.ndarray): RGB image, (H, W, 3) uint8.
        truth (np.ndarray): Ground truth, (H, W).
        prediction (np.ndarray): Predicted classes, (H, W).
        valid (np.ndarray): Pixels judged right, bool (H, W).
        palette (Sequence[Sequence[int]]): RGB colour of each class.
        predicted_by (str): Whose prediction it is. Defaults to 'teacher'.
        ignore_index (int): Label of void pixels. Defaults to 255.

    Returns:
        list[tuple[str, np.ndarray]]: Titles and RGB images, for
        :func:`draw_sheet`.
    """
    void = truth == ignore_index
    wrong = (prediction != truth) & ~void
    kept = overlay_labels(image, prediction, palette)
    kept[~valid] = _REJECTED
    found = (wrong & ~valid).sum() / max(wrong.sum(), 1)
    rejected = ~valid & ~void
    precise = (wrong & rejected).sum() / max(rejected.sum(), 1)
    return [
        ('image', image),
        ('ground truth', overlay_labels(image, truth, palette)),
        (predicted_by, overlay_labels(image, prediction, palette)),
        (f'true errors {wrong.sum() / max((~void).sum(), 1):.0%}',
         _error_map(wrong, void)),
        (f'localised: recall {found:.0%}, precision {precise:.0%}',
         _error_map(~valid, void)),
        (f'kept pseudo label {valid.mean():.0%}', kept),
    ]


def _error_map(wrong: np.ndarray, void: np.ndarray) -> np.ndarray:
    canvas = np.empty((*wrong.shape, 3), np.uint8)
    canvas[:] = _RIGHT
    canvas[wrong] = _WRONG
    canvas[void] = _VOID
    return canvas
