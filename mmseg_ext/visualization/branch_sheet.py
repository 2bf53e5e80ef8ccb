import os.path as osp
from typing import List, Mapping, Sequence

from .image_sheet import Panel, hatch, overlay_labels
from .panels import picture


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
        view = picture(image, rgb=not bgr)
        label = data_sample.get('gt_sem_seg')
        mask = data_sample.get('valid_mask')
        padding = None if mask is None else ~mask.data[0].numpy()
        name = '' if panels else osp.basename(
            data_sample.get('img_path') or '')
        views = [(f'{branch} {name}', view)]
        if label is not None:
            views.append((f'{branch}: label',
                          overlay_labels(view, label.data[0].numpy(),
                                         palette)))
        for title, view in views:
            panels.append(
                (title, view if padding is None else hatch(view, padding)))
    return panels
