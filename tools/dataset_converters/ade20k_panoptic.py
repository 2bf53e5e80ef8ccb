"""Panoptic labels of ADE20K in COCO's format.

Reads the folder ``ADEChallengeData2016`` with ``images``, ``annotations`` and
``annotations_instance`` and writes ``ade20k_panoptic_{train,val}.json`` with a
folder of PNG files each, and the instances as
``ade20k_panoptic_instances_{train,val}.json``::

    python tools/dataset_converters/ade20k_panoptic.py \\
        data/ADEChallengeData2016

Stuff is that of the map of classes, things are those of the map of instances;
pixels of a thing that is not told apart are void.
"""
import argparse
import os.path as osp
import sys
from functools import partial
from pathlib import Path
from typing import Dict, List, NamedTuple

import numpy as np
from PIL import Image

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[2]))

import mmseg_ext  # noqa: E402,F401  isort: skip  mends the stack first
from mmseg_ext.datasets import panoptic_labels  # noqa: E402
from mmseg_ext.datasets.panoptic_instances import \
    write_panoptic_instances  # noqa: E402
from mmseg_ext.models.utils.oneformer_checkpoint import \
    ade20k_panoptic_order  # noqa: E402
from mmseg_ext.utils.extras import is_installed  # noqa: E402

SPLITS = dict(train='training', val='validation')
NUM_THINGS = 100


class Paths(NamedTuple):
    """Files of an image."""
    image: Path
    classes: Path
    instances: Path


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('root', help='folder ADEChallengeData2016')
    parser.add_argument(
        '--splits',
        nargs='+',
        default=list(SPLITS),
        choices=list(SPLITS),
        help='which to do')
    return parser.parse_args()


def find_images(root: str, split: str) -> Dict[str, Paths]:
    """Files of each image of a split, by its name."""
    folder = SPLITS[split]
    images = sorted(Path(root, 'images', folder).glob('*.jpg'))
    if not images:
        raise ValueError(f'{root}/images/{folder} has no *.jpg.')
    found = {}
    for image in images:
        labels = [
            Path(root, kind, folder, f'{image.stem}.png')
            for kind in ('annotations', 'annotations_instance')
        ]
        for label in labels:
            if not label.is_file():
                raise FileNotFoundError(
                    f'the image {image} has no label {label}')
        found[image.name] = Paths(image, *labels)
    return found


def find_stuff_ids() -> np.ndarray:
    """Id of a stuff segment by class number, 0 for void and for things.

    The id is the place among the categories plus 1; in the map of classes 0
    is void and the classes begin with 1.
    """
    ids = np.zeros(256, dtype=np.int32)
    for category, number in enumerate(ade20k_panoptic_order()):
        ids[number + 1] = category + 1 if category >= NUM_THINGS else 0
    return ids


def read_label(paths: Paths, stuff_ids: np.ndarray):
    """Colours and segments of one image.

    Args:
        paths (Paths): Its files. In the map of instances red is the number of
            the class among the things, from 1 on, and green the number of
            the instance, 0 for none.
        stuff_ids (np.ndarray): Of :func:`find_stuff_ids`.

    Returns:
        tuple: RGB (H, W, 3), and the list of segments.
    """
    classes = panoptic_labels.read_image(paths.classes)
    instances = panoptic_labels.read_image(paths.instances)
    with Image.open(paths.image) as image:
        size = image.size[::-1]
    shapes = (size, (*size, 3))
    for path, array, shape in zip(paths[1:], (classes, instances), shapes):
        if array.dtype != np.uint8 or array.shape != shape:
            raise ValueError(
                f'{path} is {array.dtype} {array.shape}, expected '
                f'is uint8 {shape} by the size of its image.')
    if classes.max() > 150:
        raise ValueError(f'{paths.classes} has the value {classes.max()}, '
                         'expected are 0 to 150.')
    kinds, numbers = instances[..., :2].astype(np.int32).transpose(2, 0, 1)
    counted = numbers > 0
    wrong = counted & ((kinds == 0) | (kinds > NUM_THINGS))
    if wrong.any():
        raise ValueError(f'{paths.instances} has an instance of the class '
                         f'{kinds[wrong][0]}, expected are 1 to '
                         f'{NUM_THINGS}.')
    ids = np.where(counted, kinds + 256 * numbers, stuff_ids[classes])
    return panoptic_labels.panoptic_label(
        ids, lambda value: dict(category_id=value % 256 - 1))


def categories() -> List[dict]:
    """COCO's categories: 100 things, then 50 stuff classes."""
    from mmdet.datasets import ADE20KPanopticDataset
    return [
        dict(id=index, name=name, isthing=int(index < NUM_THINGS))
        for index, name in enumerate(ADE20KPanopticDataset.METAINFO['classes'])
    ]


def convert(root: str, split: str) -> int:
    """Convert a split; gives back the number of images."""

    def progress(done: int, total: int) -> None:
        if done % 500 == 0:
            print(f'{split}: {done} of {total} images', flush=True)

    images = find_images(root, split)
    folder = osp.join(root, f'ade20k_panoptic_{split}')
    read = partial(read_label, stuff_ids=find_stuff_ids())
    panoptic_labels.write_panoptic_labels(folder, images, read, categories(),
                                          progress)
    print(f'{split}: the instances', flush=True)
    write_panoptic_instances(
        f'{folder}.json', folder,
        osp.join(root, f'ade20k_panoptic_instances_{split}.json'), progress)
    return len(images)


def main() -> None:
    args = parse_args()
    if not is_installed('mmdet'):
        raise SystemExit('ade20k_panoptic.py: the order of the classes is '
                         'that of mmdet, which is not installed; run: '
                         'pip install "mmseg_ext[mmdet]"')
    for split in args.splits:
        try:
            print(f'{split}: {convert(args.root, split)} images')
        except (OSError, ValueError) as error:
            raise SystemExit(f'ade20k_panoptic.py: {error}')


if __name__ == '__main__':
    main()
