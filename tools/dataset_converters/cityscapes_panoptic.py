"""Panoptic labels of Cityscapes in COCO's format.

Reads ``gtFine/<split>/*/*_gtFine_instanceIds.png`` and writes
``annotations/panoptic_<split>.json`` with a folder of PNG files, and the
instances as ``annotations/panoptic_instances_<split>.json``::

    python tools/dataset_converters/cityscapes_panoptic.py data/cityscapes
"""
import argparse
import json
import os
import os.path as osp
import sys
from pathlib import Path

import numpy as np
from PIL import Image

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[2]))

import mmseg_ext  # noqa: E402,F401  isort: skip  mends the stack first
from mmseg.datasets import CityscapesDataset  # noqa: E402

from mmseg_ext.datasets.panoptic_instances import \
    write_panoptic_instances  # noqa: E402
from mmseg_ext.utils.atomic_io import atomic_open  # noqa: E402

# training id by label id
TRAIN_IDS = {
    label: train
    for train, label in enumerate((7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23,
                                   24, 25, 26, 27, 28, 31, 32, 33))
}
FIRST_THING = 11
SUFFIX = '_gtFine_instanceIds.png'


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('root', help='folder of Cityscapes')
    parser.add_argument(
        '--splits', nargs='+', default=['train', 'val'], help='which to do')
    return parser.parse_args()


def panoptic_label(instance_ids: np.ndarray):
    """Colours and segments of one image.

    Args:
        instance_ids (np.ndarray): Label ids, times 1000 plus a number where
            an instance is told apart, (H, W).

    Returns:
        tuple: RGB (H, W, 3), and the list of segments. A thing that is not
        told apart is a crowd.
    """
    ids = np.zeros(instance_ids.shape, dtype=np.int32)
    segments = []
    for value in np.unique(instance_ids).tolist():
        label = value // 1000 if value >= 1000 else value
        if label not in TRAIN_IDS:
            continue
        category = TRAIN_IDS[label]
        mask = instance_ids == value
        ids[mask] = value
        rows = np.flatnonzero(mask.any(1))
        columns = np.flatnonzero(mask.any(0))
        box = [columns[0], rows[0], np.ptp(columns) + 1, np.ptp(rows) + 1]
        segments.append(
            dict(
                id=value,
                category_id=category,
                iscrowd=int(category >= FIRST_THING and value < 1000),
                area=int(mask.sum()),
                bbox=[int(side) for side in box]))
    colours = np.stack([ids & 255, ids >> 8 & 255, ids >> 16], axis=-1)
    return colours.astype(np.uint8), segments


def convert(root: str, split: str) -> int:
    """Convert a split; gives back the number of images."""
    paths = sorted(Path(root, 'gtFine', split).glob(f'*/*{SUFFIX}'))
    if not paths:
        raise ValueError(f'{root}/gtFine/{split} has no */*{SUFFIX}.')
    folder = osp.join(root, 'annotations', f'panoptic_{split}')
    os.makedirs(folder, exist_ok=True)
    images, annotations = [], []
    for number, path in enumerate(paths):
        colours, segments = panoptic_label(np.asarray(Image.open(path)))
        name = path.name[:-len(SUFFIX)] + '_leftImg8bit.png'
        with atomic_open(osp.join(folder, name)) as file:
            Image.fromarray(colours).save(file, format='PNG')
        images.append(
            dict(
                id=number,
                file_name=f'{path.parent.name}/{name}',
                height=colours.shape[0],
                width=colours.shape[1]))
        annotations.append(
            dict(image_id=number, file_name=name, segments_info=segments))
        if (number + 1) % 100 == 0:
            print(f'{split}: {number + 1} of {len(paths)} images', flush=True)
    categories = [
        dict(id=index, name=name, isthing=int(index >= FIRST_THING))
        for index, name in enumerate(CityscapesDataset.METAINFO['classes'])
    ]
    with atomic_open(f'{folder}.json', 'w') as file:
        json.dump(
            dict(
                images=images, annotations=annotations, categories=categories),
            file)
    write_panoptic_instances(
        f'{folder}.json', folder,
        osp.join(root, 'annotations', f'panoptic_instances_{split}.json'))
    return len(images)


def main() -> None:
    args = parse_args()
    for split in args.splits:
        try:
            print(f'{split}: {convert(args.root, split)} images')
        except (OSError, ValueError) as error:
            raise SystemExit(f'cityscapes_panoptic.py: {error}')


if __name__ == '__main__':
    main()
