"""Train configs and hold them against the figures they promise.

A config promises ``expected = dict(metric='student/mIoU', value=40.,
tolerance=2., seed=0)``. It is trained by the stock tool (a finished run is
not trained again), and the last validated value must not lie more than the
tolerance below the promised one. ``value=None`` promises nothing yet:
measure it with ``--seeds``.

Examples::

    python tools/check_expected.py configs/*/*_toystreet.py

    # a table over seeds, two runs at a time, nothing is checked
    python tools/check_expected.py configs/eln/*_toystreet.py \\
        --seeds 0 1 2 --jobs 2
"""
import argparse
import os.path as osp
import statistics
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[1]))

import mmseg_ext  # noqa: E402,F401  isort: skip
from mmengine.config import Config  # noqa: E402

from mmseg_ext.utils.arguments import Distinct  # noqa: E402
from mmseg_ext.utils.run_scores import read_scores, scores_of  # noqa: E402
from mmseg_ext.utils.training_runs import claim_work_dir, train  # noqa: E402

TOOL = Path(__file__).resolve().parent / 'train.py'
FIELDS = {'metric', 'value', 'tolerance', 'seed'}


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('configs', nargs='+')
    parser.add_argument('--work-dir', default='work_dirs/expected')
    parser.add_argument(
        '--seeds',
        type=int,
        nargs='+',
        action=Distinct,
        help='measure with these seeds rather than check the promised one')
    parser.add_argument('--jobs', type=int, default=1, help='runs at a time')
    parser.add_argument(
        '--splits',
        action='store_true',
        help='with --seeds: use the label lists of the same number, '
        '..._seed<N>.txt')
    return parser.parse_args()


def promise(path, measured):
    """Read what a config promises.

    Raises:
        ValueError: If it promises nothing, or not in the known form.
    """
    expected = Config.fromfile(path).get('expected')
    if expected is None or set(expected) != FIELDS:
        raise ValueError(
            f'{path} must set expected = dict({", ".join(sorted(FIELDS))}) '
            f'but has {expected}.')
    if expected.value is None and not measured:
        raise ValueError(
            f'{path} promises no figure yet (expected.value is None): measure '
            f'it with --seeds {expected.seed}.')
    return expected


def with_split(node, seed):
    """The options that point every label list of a config at a seed."""
    options = []

    def visit(value, key):
        if isinstance(value, dict):
            for name, child in value.items():
                visit(child, f'{key}.{name}' if key else name)
        elif isinstance(value, (list, tuple)):
            for i, child in enumerate(value):
                visit(child, f'{key}.{i}')
        elif (isinstance(value, str) and value.endswith('_seed0.txt')
              and key.endswith('ann_file')):
            options.append(
                f'{key}={value[:-len("_seed0.txt")]}_seed{seed}.txt')

    visit(node, '')
    return options


def plan(config, seed, splits):
    """Options of a run, and all of its settings.

    Apart from ``train``, since configs do not load in several threads.
    """
    cfg = Config.fromfile(config)
    options = [f'randomness.seed={seed}']
    if splits:
        options += with_split(
            dict(train_dataloader=cfg.train_dataloader.to_dict()), seed)
    settings = cfg.to_dict()
    settings.pop('expected')  # a promise is no setting
    return options, dict(settings, options=options)


def value_of(work_dir, metric):
    """Last validated value of ``student/mIoU`` or ``mIoU``."""
    model, _, name = metric.rpartition('/')
    scores = read_scores(work_dir, name)
    try:
        by_step = scores_of(scores, model or 'model', name, work_dir)
    except ValueError as error:
        raise SystemExit(f'expected.metric is {metric!r}, but {error}')
    return by_step[max(by_step)]


def main():
    args = parse_args()
    promises = {path: promise(path, args.seeds) for path in args.configs}
    runs = [(path, seed) for path, expected in promises.items()
            for seed in args.seeds or [expected.seed]]
    dirs = {
        (path, seed): osp.join(args.work_dir, f'{Path(path).stem}_{seed}')
        for path, seed in runs
    }
    options = {}
    for run in runs:
        options[run], settings = plan(*run, args.splits)
        try:
            claim_work_dir(dirs[run], settings)
        except RuntimeError as error:
            raise SystemExit(str(error))
    with ThreadPoolExecutor(args.jobs) as pool:
        status = dict(
            zip(
                runs,
                pool.map(
                    lambda run: train(TOOL, run[0], dirs[run], options[run]),
                    runs)))
    failed = False
    for path, expected in promises.items():
        seeds = args.seeds or [expected.seed]
        broken = [seed for seed in seeds if status[path, seed]]
        if broken:
            failed = True
            print(f'{Path(path).stem}: training stopped, see '
                  f'{dirs[path, broken[0]]}/train.log')
            continue
        values = [
            value_of(dirs[path, seed], expected.metric) for seed in seeds
        ]
        line = (f'{Path(path).stem:32s} {expected.metric:14s} ' +
                ' '.join(f'{value:6.2f}' for value in values))
        if len(values) > 1:
            line += (f'   mean {statistics.mean(values):6.2f}'
                     f' +- {statistics.stdev(values):.2f}')
        if not args.seeds:
            good = values[0] >= expected.value - expected.tolerance
            failed |= not good
            line += (f'   expected {expected.value} - {expected.tolerance}: '
                     f'{"ok" if good else "MISSED"}')
        print(line)
    sys.exit(1 if failed else 0)


if __name__ == '__main__':
    main()
