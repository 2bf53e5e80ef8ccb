"""Count what share of an image each class covers in a labelled data set.

Writes the JSON file that SizeConstraintLoss and ClassRatioPriorLoss take as
``stats``. The labels are counted after the class map and the resize of the
pipeline, on whole images::

    # the source of an adaptation config
    python tools/dataset_converters/class_size_statistics.py \\
        configs/_base_/datasets/camvid_day_to_dusk.py \\
        data/camvid/stats/day_sizes.json

    # any data set of a config
    python tools/dataset_converters/class_size_statistics.py \\
        my_config.py stats.json --key val_dataloader.dataset
"""
import argparse
import sys
from pathlib import Path

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[2]))

import mmseg_ext  # noqa: E402,F401  isort: skip  mends the stack first
from mmengine.config import DictAction  # noqa: E402
from mmseg.registry import DATASETS  # noqa: E402

from mmseg_ext.datasets import class_size_statistics  # noqa: E402
from mmseg_ext.datasets.label_counter import LabelCounter  # noqa: E402
from mmseg_ext.utils.config_fields import read_config_field  # noqa: E402
from mmseg_ext.utils.config_fields import type_name  # noqa: E402


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file')
    parser.add_argument('out', help='JSON file to write')
    parser.add_argument(
        '--key',
        default='train_dataloader.dataset',
        help='field of the config that holds the data set; of a '
        'MultiSourceDataset the source `source` is taken (default: '
        'train_dataloader.dataset)')
    parser.add_argument(
        '--center',
        choices=class_size_statistics.CENTERS,
        default='mean',
        help='delta is the mean over the images that contain the class, or '
        'the median over all images (default: mean)')
    parser.add_argument(
        '--quantiles',
        type=float,
        nargs=2,
        default=(0.1, 0.9),
        metavar=('LOW', 'HIGH'),
        help='alpha and gamma (default: 0.1 0.9)')
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


def dataset_config(args: argparse.Namespace) -> tuple:
    """Find the config of the labelled data set.

    Args:
        args (Namespace): Options of the command line.

    Returns:
        tuple[str, dict]: Config field and config.
    """
    field = args.key
    found = read_config_field(args.config, field, args.cfg_options)
    if type_name(found) == 'MultiSourceDataset':
        if 'source' not in found:
            raise ValueError(
                f'{field} is a MultiSourceDataset without a `source`; name '
                f'one of its sources, such as --key {field}.labeled')
        return f'{field}.source', found['source']
    return field, found


def write_statistics(args: argparse.Namespace) -> None:
    """Count, and write the file."""
    field, dataset = dataset_config(args)
    counter = LabelCounter(DATASETS.build(dataset), field)
    print(f'{field}: reading {len(counter)} label maps', flush=True)
    counts = counter.count(args.num_workers)
    statistics = class_size_statistics.ClassSizeStatistics
    stats = statistics.from_counts(counter.classes, counts[:, :-1],
                                   counts.sum(1), args.center,
                                   tuple(args.quantiles))
    stats.save(args.out)
    print(f'\n{"class":<16}{"images":>8}{"alpha":>9}{"delta":>9}{"gamma":>9}')
    for row in zip(stats.classes, stats.image_counts, stats.alpha, stats.delta,
                   stats.gamma):
        print('{:<16}{:>8}{:>9.4f}{:>9.4f}{:>9.4f}'.format(*row))
    print(f'{args.out} is written')


def main() -> None:
    args = parse_args()
    try:
        write_statistics(args)
    except (ValueError, OSError, RuntimeError) as error:
        raise SystemExit(f'class_size_statistics.py: {error}')


if __name__ == '__main__':
    main()
