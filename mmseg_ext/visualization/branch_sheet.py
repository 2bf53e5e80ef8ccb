import os.path as osp
from typing import List, Mapping, Sequence

import numpy as np

from .image_sheet import Panel, hatch, overlay_labels


def branch_panels(sample: Mapping,
                  palette: Sequence[Sequence[int]],
                  bgr: bool = True) -> List[Panel]:
    """Panels of one sample: each branch after augmentation, then its labels.

    Padding is hatched, where a branch knows it.

    Args:
        sample (dict): Sample of a :class:`MultiSourceDataset`.
        palette (Sequence[Sequence[int]]): RGB colour of each class.
        bgr (bool): Whether images are BGR, as stock loading leaves them.
            Defaults to True.

    Returns:
        list[tuple[str, np.ndarray]]: Titles and RGB images.
    """
    panels = []
    for branch, image in sample['inputs'].items():
        if image is None:
            continue
        data_sample = sample['data_samples'][branch]
        picture = image.permute(1, 2, 0).numpy()
        if picture.shape[2] == 1:
            picture = picture.repeat(3, axis=2)
        elif bgr:
            picture = picture[..., ::-1]
        picture = np.ascontiguousarray(picture.clip(0, 255).astype(np.uint8))
        label = data_sample.get('gt_sem_seg')
        mask = data_sample.get('valid_mask')
        padding = None if mask is None else ~mask.data[0].numpy()
        name = '' if panels else osp.basename(
            data_sample.get('img_path') or '')
        views = [(f'{branch} {name}', picture)]
        if label is not None:
            views.append((f'{branch}: label',
                          overlay_labels(picture, label.data[0].numpy(),
                                         palette)))
        for title, view in views:
            panels.append(
                (title, view if padding is None else hatch(view, padding)))
    return panels
