"""What the hooks that draw sheets have in common."""
import os.path as osp
from typing import List, Optional, Sequence, Tuple

import cv2
import numpy as np

from ...utils.atomic_io import atomic_open


def save_sheet(runner,
               folder: str,
               name: str,
               sheet: np.ndarray,
               step: int,
               title: Optional[str] = None) -> None:
    """Give a sheet to the log folder and to the visualiser's backends.

    Args:
        runner (Runner): The runner.
        folder (str): Folder within ``vis_data`` of the log folder.
        name (str): Name of the file, without suffix.
        sheet (np.ndarray): RGB image, uint8 (H, W, 3).
        step (int): Iteration of the backends.
        title (str, optional): Name for the backends. Defaults to None, the
            folder's.
    """
    path = osp.join(runner.log_dir, 'vis_data', folder, f'{name}.png')
    content = cv2.imencode('.png', np.ascontiguousarray(sheet[..., ::-1]))[1]
    with atomic_open(path) as file:
        file.write(content.tobytes())
    runner.visualizer.add_image(title or folder, sheet, step=step)


def classes_and_palette(runner,
                        num_classes: int,
                        dataset=None) -> Tuple[List[str], Sequence[list]]:
    """Names and colours of the classes; made up where the data has none.

    Args:
        runner (Runner): The runner.
        num_classes (int): How many there are.
        dataset (Dataset, optional): Whose meta information names them.
            Defaults to None, the runner's training data.

    Returns:
        tuple[list[str], list]: Names, and RGB colours from 0 to 255.
    """
    if dataset is None:
        dataset = runner.train_dataloader.dataset
    meta = getattr(dataset, 'metainfo', None) or {}
    classes = list(meta.get('classes') or ())
    palette = list(meta.get('palette') or ())
    classes += [f'class {i}' for i in range(len(classes), num_classes)]
    if len(palette) < num_classes:
        hues = np.arange(num_classes) * 180 // num_classes
        hsv = np.stack([
            hues,
            np.full(num_classes, 200),
            np.full(num_classes, 230),
        ], 1)
        palette = cv2.cvtColor(hsv[None].astype(np.uint8),
                               cv2.COLOR_HSV2RGB)[0].tolist()
    return classes[:num_classes], palette[:num_classes]


def image_statistics(preprocessor) -> dict:
    """How a data preprocessor has changed the images' colours.

    Args:
        preprocessor (SegDataPreProcessor): The data preprocessor.

    Returns:
        dict: ``mean`` and ``std`` (tensors, or None where it does not
        normalise) and ``rgb``, whether it turned BGR into RGB.
    """
    normalised = getattr(preprocessor, '_enable_normalize', False)
    return dict(
        mean=preprocessor.mean if normalised else None,
        std=preprocessor.std if normalised else None,
        rgb=bool(getattr(preprocessor, 'channel_conversion', False)))
