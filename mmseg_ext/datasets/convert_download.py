"""Command line of the converters of GTA and SYNTHIA."""
import argparse
import os.path as osp
from typing import Callable

import numpy as np

from .class_counts import ClassCounts, write_class_counts
from .label_conversion import convert_labels, find_label_files
from .split_lists import write_split_list


def convert_download(description: str, image_dir: str, label_dir: str,
                     dataset: type, read: Callable[[str], np.ndarray],
                     num_images: int) -> None:
    """Convert the labels of a download as the command line asks for.

    Args:
        description (str): Text of ``--help``.
        image_dir (str): Folder of the images below the root.
        label_dir (str): Folder of the label files below the root.
        dataset (type): Data set class with ``METAINFO`` and
            ``RAW_LABEL_MAP``.
        read (callable): Reads a downloaded label file.
        num_images (int): Images that the whole download has.

    Raises:
        SystemExit: If something is wrong with the download.
    """
    args = _parse_args(description)
    classes = dataset.METAINFO['classes']

    def progress(done: int, total: int) -> None:
        if done % 500 == 0 or done == total:
            print(f'{done} of {total} label files', flush=True)

    try:
        files = find_label_files(
            osp.join(args.root, image_dir), osp.join(args.root, label_dir))
        converted = convert_labels(
            files,
            workers=args.workers,
            progress=progress,
            read=read,
            label_map=dataset.RAW_LABEL_MAP,
            num_classes=len(classes),
            check_images=args.check_images)
        names = tuple(file.name for file in files)
        counts = np.stack([result.counts for result in converted])
        write_class_counts(
            osp.join(args.root, 'class_counts.json'),
            ClassCounts(tuple(classes), names, counts))
        write_split_list(osp.join(args.root, 'splits/all.txt'), names)
    except (ValueError, OSError) as error:
        raise SystemExit(f'{args.root}: {error}')
    _report(args.root, files, converted, classes, counts, num_images)


def _parse_args(description: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('root', help='folder of the unpacked download')
    parser.add_argument(
        '--workers', type=int, default=4, help='threads to use (default: 4)')
    parser.add_argument(
        '--check-images',
        action='store_true',
        help='decode every image, not only its header')
    return parser.parse_args()


def _report(root: str, files, converted, classes, counts: np.ndarray,
            num_images: int) -> None:
    resized = [
        file.name for file, result in zip(files, converted)
        if result.is_resized
    ]
    if resized:
        print(f'{len(resized)} label files had another size than their image '
              f'and were resized: {", ".join(resized[:10])}'
              f'{", ..." if len(resized) > 10 else ""}')
    absent = [name for name, n in zip(classes, counts.sum(axis=0)) if not n]
    if absent:
        print(f'no pixel of: {", ".join(absent)}')
    if len(files) != num_images:
        print(f'WARNING: {len(files)} images, the whole download has '
              f'{num_images}')
    new = sum(result.is_new for result in converted)
    print(f'{root} is complete: {len(files)} images, {new} converted now')
