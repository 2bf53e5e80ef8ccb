"""Check all images and labels of a config and print their histogram."""
import argparse
import sys
from pathlib import Path

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[1]))

import mmseg_ext  # noqa: E402,F401  isort: skip  mends the stack first
from mmengine.config import Config, DictAction  # noqa: E402
from mmengine.registry import init_default_scope  # noqa: E402
from mmengine.utils import ProgressBar  # noqa: E402
from mmseg.registry import DATASETS  # noqa: E402

from mmseg_ext.datasets import class_check, label_scan  # noqa: E402
from mmseg_ext.datasets.dataset_tree import walk_datasets  # noqa: E402

SPLITS = ('train', 'val', 'test')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument(
        '--splits',
        nargs='+',
        choices=SPLITS,
        default=SPLITS,
        help='data loaders to check (default: all that the config has)')
    parser.add_argument(
        '--max-images',
        type=int,
        default=None,
        help='images to check in each data set (default: all)')
    parser.add_argument(
        '--max-faults',
        type=int,
        default=100,
        help='faults to print of each data set (default: 100)')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        help='override settings of the config, as key=value')
    args = parser.parse_args()
    if args.max_images is not None and args.max_images < 1:
        parser.error(f'--max-images is {args.max_images}: expected an integer '
                     '>= 1')
    return args


def checks_sizes(cfg: Config) -> bool:
    """Whether the training refuses labels of another size than the image."""
    hooks = cfg.get('custom_hooks') or []
    hooks = [*hooks, *cfg.get('default_hooks', {}).values()]
    return all(
        hook.get('check_sizes', True) for hook in hooks
        if hook and 'LabelScanHook' in str(hook.get('type')))


def check_split(cfg: Config, field: str, args: argparse.Namespace) -> int:
    """Check one data loader's data and print what was found.

    Args:
        cfg (Config): The config.
        field (str): Config field of the data set.
        args (Namespace): Options of the command line.

    Returns:
        int: Number of faults.
    """
    print(f'{field}: loading the file lists')
    try:
        dataset = DATASETS.build(cfg[field.split('.')[0]].dataset)
        leaves = list(walk_datasets(dataset, field))
        for _, leaf in leaves:
            leaf.full_init()
    except Exception as error:
        print(f'  ERROR {field}: {error}\n')
        return 1
    faults = class_check.class_faults(cfg.get('model', {}), dataset, field)
    heads = [
        head['num_classes'] for _, head in class_check.walk_heads(cfg.model)
    ] if 'model' in cfg else []
    total = sum(
        len(label_scan.scan_indices(len(leaf), args.max_images))
        for _, leaf in leaves)
    # A bar is drawn anew for each image: for the eye only.
    watched = sys.stderr.isatty()
    progress = ProgressBar(total, file=sys.stderr) if watched else None
    reports = label_scan.scan_labels(dataset, field,
                                     heads[0] if heads else None,
                                     args.max_images, progress
                                     and progress.update, checks_sizes(cfg))
    print()
    for report in reports:
        print(label_scan.format_report(report))
        faults.extend(report.faults)
    for fault in faults[:args.max_faults]:
        print(f'  ERROR {fault}')
    if len(faults) > args.max_faults:
        print(f'  ... and {len(faults) - args.max_faults} more')
    print()
    return len(faults)


def main() -> int:
    args = parse_args()
    cfg = Config.fromfile(args.config)
    if args.cfg_options is not None:
        cfg.merge_from_dict(args.cfg_options)
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    num_faults, seen = 0, []
    for split in args.splits:
        loader = cfg.get(f'{split}_dataloader')
        # A test split is most often the validation split once more.
        if not loader or loader['dataset'] in seen:
            continue
        seen.append(loader['dataset'])
        num_faults += check_split(cfg, f'{split}_dataloader.dataset', args)
    if not seen:
        names = ', '.join(f'{split}_dataloader' for split in args.splits)
        sys.exit(f'{args.config} has none of {names}: there is nothing to '
                 'check.')
    found = 'No fault' if num_faults == 0 else (
        f'{num_faults} fault{"s" if num_faults > 1 else ""}')
    print(f'{found} found.')
    return int(num_faults > 0)


if __name__ == '__main__':
    sys.exit(main())
