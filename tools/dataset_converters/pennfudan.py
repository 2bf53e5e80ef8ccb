"""Convert the Penn-Fudan pedestrians to COCO's format.

Reads the download (``PNGImages/*.png``, ``PedMasks/*_mask.png``) or a copy of
it with other names (``images/*``, ``masks/*.png``); a mask has 0 for the
background and a number for each pedestrian. Writes ``OUT/images``, and below
``OUT/annotations`` the instances ``instances_{train,val}.json`` with the class
``person`` and the panoptic labels ``panoptic_{train,val}.json``, each with a
folder of PNG files, with the stuff class ``background`` beside it::

    python tools/dataset_converters/pennfudan.py PennFudanPed data/pennfudan

The split is fixed: of the images sorted by name every fourth one, beginning
with the first, is validated on; of the whole data set these are 43 of 170.
"""
import argparse
import json
import os
import os.path as osp
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Dict, List, NamedTuple

import cv2
import numpy as np

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmseg_ext.datasets import panoptic_labels  # noqa: E402
from mmseg_ext.datasets.toystreet_generator.labels import \
    detections  # noqa: E402

# Folders of images and masks, and what a mask's name has in addition.
LAYOUTS = (('PNGImages', 'PedMasks', '_mask'), ('images', 'masks', ''))
SUFFIXES = ('.png', '.jpg', '.jpeg')
CATEGORIES = [
    dict(id=1, name='person', supercategory='person', isthing=1),
    dict(id=2, name='background', supercategory='background', isthing=0)
]
# Id of the background's segment; those of the pedestrians are their numbers.
BACKGROUND = 256
NUM_IMAGES = 170
VAL_EVERY = 4


class Pair(NamedTuple):
    """Paths of an image and of its mask."""
    image: str
    mask: str


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('source', help='folder of the download')
    parser.add_argument('out', help='folder to make')
    return parser.parse_args()


def find_pairs(source: str) -> List[Pair]:
    """Find images and masks.

    Args:
        source (str): Folder of one of the layouts.

    Returns:
        list[Pair]: Sorted by the name of the image.

    Raises:
        FileNotFoundError: When there is no image or a mask is missing.
    """
    for images, masks, suffix in LAYOUTS:
        folder = osp.join(source, images)
        names = sorted(
            name for name in (os.listdir(folder) if osp.isdir(folder) else [])
            if name.lower().endswith(SUFFIXES))
        if not names:
            continue
        pairs = []
        for name in names:
            stem = osp.splitext(name)[0]
            pair = Pair(
                osp.join(folder, name),
                osp.join(source, masks, f'{stem}{suffix}.png'))
            if not osp.isfile(pair.mask):
                raise FileNotFoundError(
                    f'the image {pair.image} has no mask {pair.mask}')
            pairs.append(pair)
        return pairs
    raise FileNotFoundError(
        f'{source} has neither PNGImages/*.png nor images/*; expected is the '
        'folder PennFudanPed of '
        'https://www.cis.upenn.edu/~jshi/ped_html/PennFudanPed.zip')


def read_instances(pair: Pair) -> np.ndarray:
    """Read and check a mask.

    Args:
        pair (Pair): Image and mask.

    Returns:
        np.ndarray: uint8 map, 0 for the background and the pedestrians from 1
        without a gap.

    Raises:
        ValueError: When a file is damaged, the sizes differ or the mask is in
            colour.
    """
    image = cv2.imread(pair.image, cv2.IMREAD_COLOR)
    mask = cv2.imread(pair.mask, cv2.IMREAD_UNCHANGED)
    for path, array in zip(pair, (image, mask)):
        if array is None:
            raise ValueError(f'{path} is damaged or no image')
    if mask.ndim != 2:
        raise ValueError(f'the mask {pair.mask} is in colour, expected are '
                         'numbers of pedestrians')
    if mask.shape != image.shape[:2]:
        raise ValueError(f'the mask {pair.mask} is {mask.shape}, its image '
                         f'{image.shape[:2]}')
    ids, instances = np.unique(mask, return_inverse=True)
    if ids[0] != 0:
        raise ValueError(f'the mask {pair.mask} has no background, 0')
    return instances.reshape(mask.shape).astype(np.uint8)


def to_coco(pairs: List[Pair]) -> dict:
    """Make COCO's annotations.

    Args:
        pairs (list[Pair]): Images and masks.

    Returns:
        dict: ``images``, ``annotations`` and ``categories``.
    """
    images, annotations = [], []
    for number, pair in enumerate(pairs):
        instances = read_instances(pair)
        height, width = instances.shape
        images.append(
            dict(
                id=number,
                file_name=osp.basename(pair.image),
                height=height,
                width=width))
        # Every pedestrian is of the class 1.
        for annotation in detections(instances > 0, instances):
            annotation.update(id=len(annotations) + 1, image_id=number)
            annotations.append(annotation)
    return dict(
        images=images,
        annotations=annotations,
        categories=[dict(id=1, name='person', supercategory='person')])


def read_panoptic(pair: Pair):
    """Make the panoptic label of an image.

    Args:
        pair (Pair): Image and mask.

    Returns:
        tuple: RGB (H, W, 3), and the list of segments.
    """
    instances = read_instances(pair)
    return panoptic_labels.panoptic_label(
        np.where(instances > 0, instances.astype(np.int32), BACKGROUND),
        lambda value: dict(category_id=2 if value == BACKGROUND else 1))


def convert(source: str, out: str) -> Dict[str, dict]:
    """Convert the data set.

    Args:
        source (str): Folder of the download.
        out (str): Folder to make. It appears when it is complete.

    Returns:
        dict[str, dict]: COCO's annotations by split.

    Raises:
        FileExistsError: When ``out`` exists and is not empty.
    """
    out = osp.realpath(out)  # a link stays one
    if osp.isdir(out) and os.listdir(out):
        raise FileExistsError(
            f'{out} is not empty; remove it or choose another folder')
    pairs = find_pairs(source)
    splits = dict(
        train=[p for i, p in enumerate(pairs) if i % VAL_EVERY],
        val=pairs[::VAL_EVERY])
    contents = {split: to_coco(files) for split, files in splits.items()}
    os.makedirs(osp.dirname(out), exist_ok=True)
    temporary = tempfile.mkdtemp(
        prefix=f'.{osp.basename(out)}.', dir=osp.dirname(out))
    try:
        # A folder made by mkdtemp is closed to others, one inside it is not.
        root = osp.join(temporary, 'pennfudan')
        for folder in ('images', 'annotations'):
            os.makedirs(osp.join(root, folder))
        for pair in pairs:
            shutil.copyfile(pair.image,
                            osp.join(root, 'images', osp.basename(pair.image)))
        for split, content in contents.items():
            path = osp.join(root, 'annotations', f'instances_{split}.json')
            with open(path, 'w', encoding='utf-8') as file:
                json.dump(content, file, separators=(',', ':'))
            panoptic_labels.write_panoptic_labels(
                osp.join(root, 'annotations', f'panoptic_{split}'),
                {osp.basename(pair.image): pair
                 for pair in splits[split]}, read_panoptic, CATEGORIES)
        if osp.isdir(out):
            os.rmdir(out)
        os.replace(root, out)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return contents


def main() -> None:
    args = parse_args()
    try:
        contents = convert(args.source, args.out)
    except (ValueError, OSError) as error:
        raise SystemExit(f'pennfudan.py: {error}')
    total = 0
    for split, content in contents.items():
        total += len(content['images'])
        print(f'{split}: {len(content["images"])} images, '
              f'{len(content["annotations"])} pedestrians')
    if total != NUM_IMAGES:
        print(f'WARNING: {total} images, the whole download has {NUM_IMAGES}')
    print(f'{args.out} is complete')


if __name__ == '__main__':
    main()
