"""Count the pixels of each class in each image of a data set.

Rare class sampling draws by these counts. The converters of GTA and SYNTHIA
make them along the way; for any other data set, in the size of its files::

    python tools/dataset_converters/class_counts.py \\
        configs/_base_/datasets/toystreet.py \\
        data/toystreet/day/class_counts.json
"""
import argparse
import sys
from pathlib import Path

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[2]))

import mmseg_ext  # noqa: E402,F401  isort: skip  mends the stack first
import numpy as np  # noqa: E402
from mmengine.config import Config, DictAction  # noqa: E402
from mmengine.registry import init_default_scope  # noqa: E402
from mmseg.registry import DATASETS  # noqa: E402

from mmseg_ext.datasets import class_counts  # noqa: E402
from mmseg_ext.datasets.dataset_tree import pipeline_transforms  # noqa: E402
from mmseg_ext.datasets.dataset_tree import walk_datasets  # noqa: E402
from mmseg_ext.datasets.label_scan import load_class_ids  # noqa: E402


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config of the data set')
    parser.add_argument('out', help='JSON file to write')
    parser.add_argument(
        '--key',
        default='train_dataloader.dataset',
        help='field of the config that holds the data set (default: '
        'train_dataloader.dataset), for instance '
        'train_dataloader.dataset.source')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        help='override settings of the config, as key=value')
    return parser.parse_args()


def find_dataset(args: argparse.Namespace):
    """Build the data set that the arguments name, without its wrappers."""
    cfg = Config.fromfile(args.config)
    if args.cfg_options is not None:
        cfg.merge_from_dict(args.cfg_options)
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    found = cfg.to_dict()
    for part in args.key.split('.'):
        if not isinstance(found, dict) or part not in found:
            raise ValueError(f'{args.config} has no field {args.key}; name '
                             'the field of its data set with --key')
        found = found[part]
    leaves = list(walk_datasets(DATASETS.build(found), args.key))
    if len(leaves) != 1:
        raise ValueError(
            f'{args.key} joins several data sets, name one of them with '
            f'--key: {", ".join(field for field, _ in leaves)}')
    return leaves[0][1]


def count(dataset) -> class_counts.ClassCounts:
    """Count the pixels of a data set.

    Args:
        dataset (BaseSegDataset): The data set.

    Returns:
        ClassCounts: The counts.
    """
    dataset.full_init()
    classes = dataset.metainfo.get('classes')
    if not classes:
        raise ValueError(f'{type(dataset).__name__} has no classes')
    counts = np.zeros((len(dataset), len(classes)), np.int64)
    for i in range(len(dataset)):
        label = load_class_ids(
            dataset.get_data_info(i), pipeline_transforms(dataset))
        counts[i] = np.bincount(label.ravel(), minlength=256)[:len(classes)]
        if (i + 1) % 100 == 0 or i + 1 == len(dataset):
            print(f'{i + 1} of {len(dataset)} label maps', flush=True)
    return class_counts.ClassCounts(
        tuple(classes), tuple(class_counts.image_names(dataset)), counts)


def main() -> None:
    args = parse_args()
    try:
        counts = count(find_dataset(args))
        class_counts.write_class_counts(args.out, counts)
    except (ValueError, OSError, RuntimeError) as error:
        raise SystemExit(f'class_counts.py: {error}')
    print(f'{args.out}: {len(counts.names)} images')


if __name__ == '__main__':
    main()
