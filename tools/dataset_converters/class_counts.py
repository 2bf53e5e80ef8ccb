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
from mmengine.config import DictAction  # noqa: E402
from mmseg.registry import DATASETS  # noqa: E402

from mmseg_ext.datasets import class_counts  # noqa: E402
from mmseg_ext.datasets.dataset_tree import walk_datasets  # noqa: E402
from mmseg_ext.datasets.label_counter import LabelCounter  # noqa: E402
from mmseg_ext.utils.config_fields import read_config_field  # noqa: E402


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
        '--num-workers',
        type=int,
        default=0,
        help='processes that read label maps (default: 0, this one)')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        help='override settings of the config, as key=value')
    return parser.parse_args()


def count(args: argparse.Namespace) -> class_counts.ClassCounts:
    """Count the pixels of the data set that the arguments name."""
    dataset = DATASETS.build(
        read_config_field(args.config, args.key, args.cfg_options))
    leaves = list(walk_datasets(dataset, args.key))
    if len(leaves) != 1:
        raise ValueError(
            f'{args.key} joins several data sets, name one of them with '
            f'--key: {", ".join(field for field, _ in leaves)}')
    field, dataset = leaves[0]
    counter = LabelCounter(dataset, field, resize=False)
    print(f'{field}: reading {len(counter)} label maps', flush=True)
    counts = counter.count(args.num_workers)[:, :-1]
    return class_counts.ClassCounts(counter.classes,
                                    tuple(class_counts.image_names(dataset)),
                                    counts)


def main() -> None:
    args = parse_args()
    try:
        counts = count(args)
        class_counts.write_class_counts(args.out, counts)
    except (ValueError, OSError, RuntimeError) as error:
        raise SystemExit(f'class_counts.py: {error}')
    print(f'{args.out}: {len(counts.names)} images')


if __name__ == '__main__':
    main()
