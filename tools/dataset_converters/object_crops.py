"""Make a classification data set of the objects of a segmentation one.

Square cuts that show objects of one class alone, one folder for each class::

    OUT/train/car/0001_0.png    OUT/val/car/...
    OUT/masks/train/car/0001_0.png

The masks (255 where the object is) are to check explanations against; nothing
learns from them. Classes are taken to be balanced: ``--per-class`` is what
each may have. Example::

    python tools/dataset_converters/object_crops.py \\
        configs/_base_/datasets/toystreet.py data/toystreet_crops \\
        --classes tree car pedestrian sign pole --cfg-options \\
        train_dataloader.dataset.dataset.data_root=data/unlabeled_toystreet/day
"""
import argparse
import json
import os
import os.path as osp
import shutil
import sys
from collections import Counter
from pathlib import Path

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[2]))

import mmseg_ext  # noqa: E402,F401  isort: skip  mends the stack first
import cv2  # noqa: E402
import numpy as np  # noqa: E402
from mmengine.config import DictAction  # noqa: E402
from mmseg.registry import DATASETS  # noqa: E402

from mmseg_ext.datasets.dataset_tree import pipeline_transforms  # noqa: E402
from mmseg_ext.datasets.dataset_tree import walk_datasets  # noqa: E402
from mmseg_ext.datasets.label_scan import load_class_ids  # noqa: E402
from mmseg_ext.datasets.object_crops import find_object_crops  # noqa: E402
from mmseg_ext.engine.offline import OfflineCache  # noqa: E402
from mmseg_ext.engine.offline import show_progress  # noqa: E402
from mmseg_ext.utils.config_fields import read_config_field  # noqa: E402


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config with a labelled data set')
    parser.add_argument('out', help='folder of the classification data set')
    parser.add_argument(
        '--classes', nargs='+', required=True, help='the classes of objects')
    parser.add_argument(
        '--key',
        default='train_dataloader.dataset',
        help='its field (default: train_dataloader.dataset)')
    parser.add_argument(
        '--size',
        type=int,
        default=64,
        help='height and width of the images (default: 64)')
    parser.add_argument(
        '--per-class',
        type=int,
        default=500,
        help='training images of a class at most (default: 500)')
    parser.add_argument(
        '--val-every',
        type=int,
        default=8,
        help='every which image of the data set is for val (default: 8)')
    parser.add_argument(
        '--seed', type=int, default=0, help='seed (default: 0)')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        help='override settings of the config, as key=value')
    args = parser.parse_args()
    for name in ('size', 'per_class', 'val_every'):
        if getattr(args, name) < 1:
            parser.error(f'--{name.replace("_", "-")} must be at least 1')
    return args


def find_classes(dataset, args):
    """Class ids of the objects.

    Raises:
        ValueError: If the data set lacks one.
    """
    known = list(dataset.metainfo.get('classes') or ())
    missing = [name for name in args.classes if name not in known]
    if missing:
        raise ValueError(f'--classes has {", ".join(missing)}, but the classes'
                         f' of {args.key} are {", ".join(known)}.')
    return [known.index(name) for name in args.classes]


def write(path: str, image: np.ndarray) -> None:
    # finished.json tells that all files are whole
    os.makedirs(osp.dirname(path), exist_ok=True)
    cv2.imwrite(path, image)


def resize(image: np.ndarray, size: int, is_mask: bool) -> np.ndarray:
    if is_mask:
        mode = cv2.INTER_NEAREST_EXACT
    else:
        mode = (cv2.INTER_AREA if size < image.shape[0] else cv2.INTER_LINEAR)
    return cv2.resize(image, (size, size), interpolation=mode)


def main():
    args = parse_args()
    cfg = read_config_field(args.config, args.key, args.cfg_options)
    leaves = [leaf for _, leaf in walk_datasets(DATASETS.build(cfg), args.key)]
    samples = [(leaf, i) for leaf in leaves for i in range(len(leaf))]
    cache = OfflineCache(
        args.out,
        dict(
            tool='object_crops',
            dataset=cfg,
            classes=args.classes,
            size=args.size,
            per_class=args.per_class,
            val_every=args.val_every,
            seed=args.seed))
    if osp.exists(cache.path('finished.json')):
        print(f'{args.out} holds this data set already, nothing to do')
        return
    # what a run left that came to no end
    for name in ('train', 'val', 'masks'):
        if osp.isdir(cache.path(name)):
            shutil.rmtree(cache.path(name))
    limits = dict(
        train=args.per_class, val=max(args.per_class // args.val_every, 1))
    counts = Counter()
    for number, (leaf,
                 index) in enumerate(show_progress(samples, len(samples))):
        split = 'train' if (number + 1) % args.val_every else 'val'
        ids = find_classes(leaf, args)
        if all(counts[split, name] >= limits[split] for name in args.classes):
            continue
        info = leaf.get_data_info(index)
        labels = load_class_ids(info, pipeline_transforms(leaf))
        image = cv2.imread(info['img_path'])
        if image is None:
            raise ValueError(
                f'the image {info["img_path"]} is missing or broken')
        rng = np.random.default_rng([args.seed, number])
        for i, crop in enumerate(find_object_crops(labels, ids, rng)):
            name = args.classes[ids.index(crop.label)]
            if counts[split, name] >= limits[split]:
                continue
            counts[split, name] += 1
            below = osp.join(split, name, f'{number:06d}_{i}.png')
            mask = (crop.cut(labels) == crop.label).astype(np.uint8) * 255
            write(cache.path('masks', below), resize(mask, args.size, True))
            write(cache.path(below), resize(crop.cut(image), args.size, False))
    found = {
        split: {
            name: counts[split, name]
            for name in args.classes
        }
        for split in limits
    }
    empty = [
        f'{split}/{name}' for split in found for name in args.classes
        if not found[split][name]
    ]
    if empty:
        raise ValueError(f'No object can be had alone for {", ".join(empty)}: '
                         'leave the class out, or give more images.')
    cache.finish(images=found)
    print(json.dumps(found, indent=1))


if __name__ == '__main__':
    main()
