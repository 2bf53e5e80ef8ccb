"""Show training images after augmentation, with every branch of a batch.

Data without branches goes to the stock tool of the installed MMSegmentation,
or of MMDetection where the config is one of it.
"""
import argparse
import itertools
import os
import os.path as osp
import sys
from pathlib import Path

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[2]))

import mmseg_ext  # noqa: E402,F401  isort: skip  mends the stack first
import mmcv  # noqa: E402
from mmengine.config import Config, DictAction  # noqa: E402
from mmengine.registry import init_default_scope  # noqa: E402
from mmengine.visualization import Visualizer  # noqa: E402
from mmseg.registry import DATA_SAMPLERS, DATASETS  # noqa: E402

from mmseg_ext.datasets import MultiSourceDataset  # noqa: E402
from mmseg_ext.datasets.dataset_tree import walk_datasets  # noqa: E402
from mmseg_ext.utils import run_stock_tool  # noqa: E402
from mmseg_ext.utils.config_fields import type_name  # noqa: E402
from mmseg_ext.visualization import branch_panels, draw_sheet  # noqa: E402

ROWS = 8  # samples on one sheet


def parse_args() -> argparse.Namespace:
    # the stock tool is passed what is written here
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument('config', help='train config file path')
    parser.add_argument(
        '--output-dir',
        default=None,
        help='folder for the pictures, where there is no display')
    parser.add_argument('--not-show', default=False, action='store_true')
    parser.add_argument(
        '--show-interval',
        type=float,
        default=2,
        help='the interval of show (s)')
    parser.add_argument(
        '--number',
        type=int,
        default=None,
        help='samples to show (default: 16 where the data has branches, else '
        'all)')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        help='override settings of the config, as key=value')
    return parser.parse_args()


def run_stock(args: argparse.Namespace, cfg: Config, dataset) -> None:
    """Hand over to the stock tool.

    Args:
        args (Namespace): Options of the command line.
        cfg (Config): The config.
        dataset (Dataset): The data set, not a branched one.
    """
    options, argv = [], sys.argv
    if type_name(cfg.get('visualizer')) == 'SegLocalVisualizer':
        options.append('visualizer.type=ContiguousSegVisualizer')
    if args.number is not None:
        at = next(i for i, a in enumerate(argv) if a.startswith('--number'))
        del argv[at:at + (1 if '=' in argv[at] else 2)]
        fields = [f for f, _ in walk_datasets(dataset, 'dataset')]
        if any('[' in field for field in fields):
            sys.exit('--number cannot be passed on to the stock tool for a '
                     'list of data sets; leave it out.')
        options.append(f'train_dataloader.{fields[0]}.indices={args.number}')
    if options and '--cfg-options' in argv:
        at = argv.index('--cfg-options') + 1
        argv[at:at] = options
    elif options:
        argv += ['--cfg-options', *options]
    package = 'mmdet' if cfg.get('default_scope') == 'mmdet' else 'mmseg'
    run_stock_tool('analysis_tools/browse_dataset.py', package)


def browse(args: argparse.Namespace, cfg: Config,
           dataset: MultiSourceDataset) -> None:
    """Show samples in the order in which training draws them.

    Args:
        args (Namespace): Options of the command line.
        cfg (Config): The config.
        dataset (MultiSourceDataset): The data set.
    """
    if args.not_show and args.output_dir is None:
        sys.exit('--not-show without --output-dir shows nothing; give the '
                 'folder for the pictures.')
    # With a fixed seed these are the very images of the first iterations.
    sampler = DATA_SAMPLERS.build(
        cfg.train_dataloader.sampler,
        default_args=dict(
            dataset=dataset, seed=cfg.get('randomness', {}).get('seed') or 0))
    indices = itertools.islice(sampler, args.number or 16)
    palette = dataset.metainfo.get('palette') or []
    visualizer = None if args.not_show else Visualizer.get_instance('browse')
    for count in itertools.count():
        rows = [
            branch_panels(dataset[index], palette)
            for index in itertools.islice(indices, ROWS)
        ]
        if not rows:
            break
        sheet = draw_sheet(rows)
        if args.output_dir is not None:
            path = osp.join(args.output_dir, f'branches_{count:03d}.png')
            os.makedirs(args.output_dir, exist_ok=True)
            mmcv.imwrite(sheet[..., ::-1], f'{path}.part.png')
            os.replace(f'{path}.part.png', path)
            print(f'Wrote {path}')
        if visualizer is not None:
            visualizer.show(sheet, 'branches', args.show_interval)


def main() -> None:
    args = parse_args()
    cfg = Config.fromfile(args.config)
    if args.cfg_options is not None:
        cfg.merge_from_dict(args.cfg_options)
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    if isinstance(dataset, MultiSourceDataset):
        browse(args, cfg, dataset)
    else:
        run_stock(args, cfg, dataset)


if __name__ == '__main__':
    main()
