"""Panoptic labels of Cityscapes in COCO's format.

Reads ``gtFine/<split>/*/*_gtFine_instanceIds.png`` and writes
``annotations/panoptic_<split>.json`` with a folder of PNG files, and the
instances as ``annotations/panoptic_instances_<split>.json``::

    python tools/dataset_converters/cityscapes_panoptic.py data/cityscapes
"""
import argparse
import os.path as osp
import sys
from pathlib import Path

import numpy as np

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[2]))

import mmseg_ext  # noqa: E402,F401  isort: skip  mends the stack first
from mmseg.datasets import CityscapesDataset  # noqa: E402

from mmseg_ext.datasets import panoptic_labels  # noqa: E402
from mmseg_ext.datasets.panoptic_instances import \
    write_panoptic_instances  # noqa: E402

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


def read_label(path: Path):
    """Colours and segments of one image.

    Args:
        path (Path): Label ids, times 1000 plus a number where an instance is
            told apart.

    Returns:
        tuple: RGB (H, W, 3), and the list of segments. A thing that is not
        told apart is a crowd.
    """
    instance_ids = panoptic_labels.read_image(path).astype(np.int32)
    labels = np.where(instance_ids >= 1000, instance_ids // 1000, instance_ids)
    ids = np.where(np.isin(labels, list(TRAIN_IDS)), instance_ids, 0)

    def describe(value: int) -> dict:
        category = TRAIN_IDS[value // 1000 if value >= 1000 else value]
        return dict(
            category_id=category,
            iscrowd=int(category >= FIRST_THING and value < 1000))

    return panoptic_labels.panoptic_label(ids, describe)


def convert(root: str, split: str) -> int:
    """Convert a split; gives back the number of images."""
    paths = sorted(Path(root, 'gtFine', split).glob(f'*/*{SUFFIX}'))
    if not paths:
        raise ValueError(f'{root}/gtFine/{split} has no */*{SUFFIX}.')
    categories = [
        dict(id=index, name=name, isthing=int(index >= FIRST_THING))
        for index, name in enumerate(CityscapesDataset.METAINFO['classes'])
    ]

    def progress(done: int, total: int) -> None:
        if done % 100 == 0:
            print(f'{split}: {done} of {total} images', flush=True)

    folder = osp.join(root, 'annotations', f'panoptic_{split}')
    images = {
        f'{path.parent.name}/{path.name[:-len(SUFFIX)]}_leftImg8bit.png': path
        for path in paths
    }
    panoptic_labels.write_panoptic_labels(folder, images, read_label,
                                          categories, progress)
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
