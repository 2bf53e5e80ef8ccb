from typing import List, Sequence, Tuple

import cv2
import numpy as np

Panel = Tuple[str, np.ndarray]

_TEXT_HEIGHT = 18
_GAP = 4


def draw_sheet(rows: Sequence[Sequence[Panel]],
               panel_width: int = 256) -> np.ndarray:
    """Draw titled panels in rows.

    Args:
        rows (Sequence[Sequence[tuple[str, np.ndarray]]]): Title and RGB image
            (H, W, 3) uint8 of each panel, row by row. Rows may differ in
            length, images in size.
        panel_width (int): Width of every panel in pixels. Defaults to 256.

    Returns:
        np.ndarray: The sheet, RGB, (H, W, 3) uint8.
    """
    columns = max(len(row) for row in rows)
    strips = [_draw_row(row, columns, panel_width) for row in rows]
    return np.concatenate(strips)


def overlay_labels(image: np.ndarray,
                   label: np.ndarray,
                   palette: Sequence[Sequence[int]],
                   alpha: float = 0.6) -> np.ndarray:
    """Lay class colours over an image; pixels of no class stay as they are.

    Args:
        image (np.ndarray): RGB image, (H, W, 3) uint8.
        label (np.ndarray): Class ids, (H, W), whole numbers of any type; ids
            beyond the palette are not drawn.
        palette (Sequence[Sequence[int]]): RGB colour of each class.
        alpha (float): Opacity of the colours. Defaults to 0.6.

    Returns:
        np.ndarray: RGB image, (H, W, 3) uint8.
    """
    colors = np.asarray(palette, dtype=np.float32).reshape(-1, 3)
    # heads of one channel predict float
    label = np.asarray(label).astype(np.int64)
    known = (label >= 0) & (label < len(colors))
    mixed = image.astype(np.float32)
    mixed[known] = (1 - alpha) * mixed[known] + alpha * colors[label[known]]
    return mixed.round().astype(np.uint8)


def hatch(image: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Draw a grey hatch over some pixels, such as padding.

    Args:
        image (np.ndarray): RGB image, (H, W, 3) uint8.
        where (np.ndarray): Pixels to draw over, bool (H, W).

    Returns:
        np.ndarray: RGB image, (H, W, 3) uint8.
    """
    rows, columns = np.indices(where.shape)
    pattern = np.where((rows + columns) % 8 < 4, 90, 130).astype(np.uint8)
    return np.where(where[..., None], pattern[..., None], image)


def _draw_row(row: Sequence[Panel], columns: int,
              panel_width: int) -> np.ndarray:
    panels: List[np.ndarray] = []
    for title, image in row:
        height = max(1, round(image.shape[0] * panel_width / image.shape[1]))
        # Enlarged pixels stay sharp: what is shown is what the network sees.
        mode = (
            cv2.INTER_AREA
            if panel_width < image.shape[1] else cv2.INTER_NEAREST)
        panels.append(
            _with_title(
                title,
                cv2.resize(image, (panel_width, height), interpolation=mode)))
    height = max(panel.shape[0] for panel in panels) + _GAP
    strip = np.full((height, columns * (panel_width + _GAP), 3), 255, np.uint8)
    for i, panel in enumerate(panels):
        left = i * (panel_width + _GAP)
        strip[:panel.shape[0], left:left + panel_width] = panel
    return strip


def _with_title(title: str, image: np.ndarray) -> np.ndarray:
    bar = np.full((_TEXT_HEIGHT, image.shape[1], 3), 255, np.uint8)
    cv2.putText(bar, title, (2, _TEXT_HEIGHT - 5), cv2.FONT_HERSHEY_SIMPLEX,
                0.4, (0, 0, 0), 1, cv2.LINE_AA)
    return np.concatenate([bar, image])
