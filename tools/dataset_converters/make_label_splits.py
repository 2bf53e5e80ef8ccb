"""Draw which images of a data set are labelled and write the lists.

Examples::

    # three lists each of 1/8 and 1/4 of CamVid, every class in each of them
    python tools/dataset_converters/make_label_splits.py \\
        configs/_base_/datasets/camvid.py data/camvid/splits \\
        --sizes 1/8 1/4 --balanced

    # a folder of images (and one of label maps)
    python tools/dataset_converters/make_label_splits.py \\
        my_data/images my_data/splits --label-dir my_data/labels --sizes 50

The lists are OUT/1_8/labeled_seed0.txt and OUT/1_8/unlabeled_seed0.txt, one
name a line.
"""
import argparse
import os.path as osp
import sys
from pathlib import Path

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[2]))

import mmseg_ext  # noqa: E402,F401  isort: skip  mends the stack first
import numpy as np  # noqa: E402
from mmengine.config import DictAction  # noqa: E402
from mmengine.fileio import list_dir_or_file  # noqa: E402
from mmengine.registry import init_default_scope  # noqa: E402

from mmseg_ext.datasets import label_splits, write_split_list  # noqa: E402
from mmseg_ext.utils.arguments import Distinct  # noqa: E402
from mmseg_ext.utils.config_fields import read_config_field  # noqa: E402


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('source', help='config file, or folder of images')
    parser.add_argument('out', help='folder of the lists')
    parser.add_argument(
        '--sizes',
        nargs='+',
        default=['1/16', '1/8', '1/4'],
        metavar='SIZE',
        help='labelled share as a fraction (1/8, rounded up), a count (46) or '
        'both (1/8=1322) (default: 1/16 1/8 1/4)')
    parser.add_argument(
        '--seeds',
        type=int,
        nargs='+',
        action=Distinct,
        default=[0, 1, 2],
        help='one pair of lists for each (default: 0 1 2)')
    parser.add_argument(
        '--balanced',
        action='store_true',
        help='read the label maps and balance the classes')
    parser.add_argument(
        '--independent',
        action='store_true',
        help='draw each size anew; otherwise the smaller lists of a seed lie '
        'within its larger ones')
    parser.add_argument(
        '--pairs',
        metavar='ROOT',
        help='write the paths of image and label map below this folder '
        'instead of names')
    parser.add_argument(
        '--key',
        default='train_dataloader.dataset',
        help='field of the config that holds the data set (default: '
        'train_dataloader.dataset)')
    parser.add_argument(
        '--img-suffix',
        default='.jpg',
        help='for a folder: suffix of the images, whatever its case '
        '(default: .jpg)')
    parser.add_argument(
        '--label-dir', help='for a folder: the folder of the label maps')
    parser.add_argument(
        '--seg-map-suffix',
        default='.png',
        help='for a folder: suffix of the label maps (default: .png)')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        help='override settings of the config, as key=value')
    return parser.parse_args()


def dataset_config(args: argparse.Namespace) -> dict:
    """Config of the data set that the arguments name."""
    if osp.isdir(args.source):
        return dict(
            type='BaseSegDataset',
            data_prefix=dict(
                img_path=args.source, seg_map_path=args.label_dir),
            img_suffix=find_suffix(args.source, args.img_suffix),
            seg_map_suffix=args.seg_map_suffix)
    return read_config_field(args.source, args.key, args.cfg_options)


def find_suffix(folder: str, suffix: str) -> str:
    """How a suffix is spelled in a folder.

    Raises:
        ValueError: If no image has it, or it is spelled in several ways.
    """
    names = list(list_dir_or_file(folder, list_dir=False, recursive=True))
    found = {
        name[-len(suffix):]
        for name in names if name.lower().endswith(suffix.lower())
    }
    if not found:
        others = sorted({osp.splitext(name)[1] for name in names} - {''})
        raise ValueError(f'{folder} has no *{suffix} but '
                         f'{", ".join(others) or "no files"}, see '
                         '--img-suffix')
    if len(found) > 1:
        raise ValueError(f'{folder} has {" and ".join(sorted(found))}, but '
                         'a data set reads one spelling: rename those of the '
                         'others')
    return found.pop()


def write_lists(args: argparse.Namespace) -> None:
    """Draw and write all lists."""
    init_default_scope('mmseg')
    images = label_splits.list_images(dataset_config(args))
    if len(images) < 2:
        raise ValueError(f'{args.source} has {len(images)} images, two or '
                         'more are needed')
    sizes = label_splits.parse_sizes(args.sizes, len(images))
    # All lines first: no list is written if one cannot be.
    lines = [
        image.pair(args.pairs) if args.pairs else image.name
        for image in images
    ]
    counts = None
    if args.balanced:
        print(f'reading {len(images)} label maps', flush=True)
        counts = label_splits.count_classes(images)
    for seed in args.seeds:
        for size in sizes:
            order = label_splits.draw_order(len(images), seed, counts)
            if args.independent:
                order = label_splits.draw_order(
                    len(images), seed * 1000003 + size.count, counts)
            labeled = set(order[:size.count].tolist())
            folder = osp.join(args.out, size.name)
            for kind in ('labeled', 'unlabeled'):
                chosen = [
                    line for i, line in enumerate(lines)
                    if (i in labeled) == (kind == 'labeled')
                ]
                path = osp.join(folder, f'{kind}_seed{seed}.txt')
                write_split_list(path, chosen)
                print(f'{path}: {len(chosen)} images')
            if counts is not None:
                _print_missing(counts, sorted(labeled))


def _print_missing(counts: np.ndarray, labeled: list) -> None:
    missing = np.flatnonzero((counts.sum(axis=0) > 0)
                             & (counts[labeled].sum(axis=0) == 0))
    if missing.size:
        print('    no labelled pixel of the classes '
              f'{", ".join(map(str, missing))}')


def main() -> None:
    try:
        write_lists(parse_args())
    except (ValueError, OSError, RuntimeError) as error:
        raise SystemExit(f'make_label_splits.py: {error}')


if __name__ == '__main__':
    main()
