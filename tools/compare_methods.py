"""Train methods with few labels on a data set and compare them.

Methods are configs whose sources ``labeled`` and ``unlabeled`` (or whose one
data set, for supervised baselines) are replaced by images of the data set that
is given, with label lists drawn for each share and seed. All of a seed have
the same list. Runs that are done are not made again, those that were stopped
go on, and those of other settings are refused. WORK_DIR gets ``results.md``,
``results.csv`` and ``results.png``.

Examples::

    # ToyStreet: supervised, confidence threshold and ELN
    python tools/compare_methods.py --sizes 1/32 1/8 --seeds 0 1 2 --jobs 2

    # your data and your segmentor, as configs of MMSegmentation
    python tools/compare_methods.py my_dataset.py --model my_model.py \\
        --sizes 1/16 1/4 --work-dir work_dirs/my_comparison \\
        --cfg-options train_cfg.max_iters=20000
"""
import argparse
import copy
import csv
import io
import json
import os.path as osp
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from fractions import Fraction
from pathlib import Path
from typing import Dict, List, Tuple

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[1]))

import mmseg_ext  # noqa: E402,F401  isort: skip  mends the stack first
from mmengine.config import Config, ConfigDict, DictAction  # noqa: E402
from mmengine.registry import init_default_scope  # noqa: E402
from mmseg.registry import DATASETS  # noqa: E402

from mmseg_ext.datasets import few_label_sources as sources  # noqa: E402
from mmseg_ext.datasets import label_splits, write_split_list  # noqa: E402
from mmseg_ext.utils import label_efficiency  # noqa: E402
from mmseg_ext.utils.arguments import Distinct  # noqa: E402
from mmseg_ext.utils.atomic_io import atomic_open  # noqa: E402
from mmseg_ext.utils.config_fields import read_plain_config  # noqa: E402
from mmseg_ext.utils.config_fields import type_name  # noqa: E402
from mmseg_ext.utils.training_runs import SETTINGS  # noqa: E402
from mmseg_ext.utils.training_runs import claim_work_dir, train  # noqa: E402

TOOLS = Path(__file__).resolve().parent
CONFIGS = TOOLS.parent / 'configs'
KNOWN = {
    name: f'eln/{name}_toystreet.py'
    for name in ('supervised', 'threshold', 'secn', 'eln')
}
EVALUATION = ('val_dataloader', 'test_dataloader', 'val_evaluator',
              'test_evaluator', 'tta_pipeline')


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'dataset',
        nargs='?',
        default=str(CONFIGS / '_base_/datasets/toystreet.py'),
        help='config with the whole labelled set as train_dataloader.dataset '
        '(default: ToyStreet)')
    parser.add_argument(
        '--methods',
        nargs='+',
        default=['supervised', 'threshold', 'eln'],
        metavar='NAME[=CONFIG]',
        help=f'{", ".join(KNOWN)}, or configs of your own under a name')
    parser.add_argument(
        '--model',
        help='config whose model is the segmentor of all methods (default: '
        'that of each)')
    parser.add_argument(
        '--sizes',
        nargs='+',
        default=['1/32', '1/8'],
        help='labelled shares or counts (default: 1/32 1/8)')
    parser.add_argument(
        '--seeds', type=int, nargs='+', action=Distinct, default=[0, 1, 2])
    parser.add_argument('--jobs', type=int, default=1, help='runs at a time')
    parser.add_argument('--work-dir', default='work_dirs/compare_methods')
    parser.add_argument(
        '--which',
        choices=['last', 'best'],
        default='last',
        help='validation that counts (default: last)')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        default={},
        help='override settings of all methods, as key=value')
    return parser.parse_args()


def method_configs(names: List[str]) -> Dict[str, str]:
    """Path of the config of each method."""
    configs = {}
    for text in names:
        name, _, path = text.partition('=')
        if name in configs:
            raise SystemExit(f'--methods has {name!r} twice: give each method '
                             'a name of its own.')
        if not path and name not in KNOWN:
            raise SystemExit(f'--methods has {name!r}, which is none of '
                             f'{", ".join(KNOWN)}: give {name}=CONFIG.')
        configs[name] = path or str(CONFIGS / KNOWN[name])
    return configs


def write_lists(args, dataset: dict) -> Tuple[Dict[str, str], dict]:
    """Draw the label lists; folder and labelled share of each size.

    Raises:
        ValueError: If a run has been made of other lists of the same name.
    """
    images = label_splits.list_images(dataset)
    folders, shares, lists = {}, {}, {}
    sizes = label_splits.parse_sizes(args.sizes, len(images))
    for text, size in zip(args.sizes, sizes):
        folders[text] = osp.join(args.work_dir, 'splits', size.name)
        shares[text] = Fraction(size.count, len(images))
        for seed in args.seeds:
            order = label_splits.draw_order(len(images), seed, None)
            labeled = set(order[:size.count].tolist())
            for kind in ('labeled', 'unlabeled'):
                path = osp.join(folders[text], f'{kind}_seed{seed}.txt')
                lists[path] = [
                    image.name for i, image in enumerate(images)
                    if (i in labeled) == (kind == 'labeled')
                ]
                check_list(path, lists[path], args.work_dir)
    for path, names in lists.items():
        write_split_list(path, names)
    return folders, shares


def check_list(path: str, names: List[str], work_dir: str) -> None:
    """Refuse to replace a list that a run has been made of.

    Raises:
        ValueError: If it has other images.
    """
    if not osp.isfile(path):
        return
    found = Path(path).read_text(encoding='utf-8').splitlines()
    if found == names:
        return
    field = json.dumps(osp.abspath(path))  # as settings have it
    for settings in Path(work_dir).glob(f'*/{SETTINGS}'):
        if field in settings.read_text(encoding='utf-8'):
            raise ValueError(
                f'{settings.parent} is a run of the {len(found)} images in '
                f'{path}, asked for are {len(names)} images, others than '
                'these: give another --work-dir.')


def set_num_classes(node, number: int) -> None:
    """Set num_classes wherever a config of a model has it."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == 'num_classes' and value is not None:
                node[key] = number
            else:
                set_num_classes(value, number)
    elif isinstance(node, (list, tuple)):
        for value in node:
            set_num_classes(value, number)


def adapt(cfg: Config, data: Config, folder: str, seed: int, model,
          num_classes: int) -> Config:
    """A method's config on the data, with the lists of a size and seed."""
    lists = {
        kind: osp.join(folder, f'{kind}_seed{seed}.txt')
        for kind in ('labeled', 'unlabeled')
    }
    whole = data.train_dataloader.dataset
    old = cfg.train_dataloader.dataset
    if type_name(old) == 'MultiSourceDataset':
        ending = old.unlabeled.pipeline[-1:]
        new = dict(
            type='MultiSourceDataset',
            labeled=sources.labeled_source(whole, lists['labeled'],
                                           'PackBranchInputs'),
            unlabeled=sources.unlabeled_source(whole, lists['unlabeled'],
                                               ending))
    else:
        new = dict(
            type='SeededDataset',
            dataset=sources.labeled_source(whole, lists['labeled'],
                                           'PackSegInputs'))
    cfg.train_dataloader.dataset = ConfigDict(new)
    for key in EVALUATION:
        if key in data:
            cfg[key] = data[key]
    if model is not None:
        if 'segmentor' in cfg.model:
            cfg.model.segmentor = model
        else:
            cfg.model = model
    set_num_classes(cfg.model, num_classes)
    cfg.randomness = dict(seed=seed)
    cfg.pop('expected', None)
    return cfg


def check_sources(cfg: Config, run: str) -> None:
    """Stop if the training data of a run cannot be built."""
    try:
        DATASETS.build(copy.deepcopy(cfg.train_dataloader.dataset))
    except Exception as error:  # whatever a data set or transform raises
        raise SystemExit(
            f'{run}: train_dataloader.dataset cannot be built ({error}).')


def write_results(runs: List[label_efficiency.Run], args,
                  shares: Dict[str, Fraction]) -> None:
    """Table, its figures, and plot."""
    place = shares.__getitem__
    curves = label_efficiency.collect(runs, args.which, place=place)
    lines = [
        '| method | ' + ' | '.join(args.sizes) + ' |',
        '|---|' + '---|' * len(args.sizes)
    ]
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(['method', 'size', *map(str, args.seeds)])
    for name, curve in curves.items():
        cells = []
        for size in args.sizes:
            values = curve[size]
            table.writerow([name, size, *values])
            mean = sum(values) / len(values)
            cell = f'{mean:.2f}'
            if len(values) > 1:
                square = sum((value - mean)**2 for value in values)
                cell += f' ± {(square / (len(values) - 1))**0.5:.2f}'
            cells.append(cell)
        lines.append(f'| {name} | ' + ' | '.join(cells) + ' |')
    markdown = '\n'.join(lines) + '\n'
    contents = dict(md=markdown.encode(), csv=text.getvalue().encode())
    contents['png'] = label_efficiency.draw(curves, 'labelled', False, place)
    for suffix, content in contents.items():
        with atomic_open(osp.join(args.work_dir, f'results.{suffix}')) as file:
            file.write(content)
    print(f'mIoU in percent, {args.which} validation\n{markdown}')


def train_all(plans: List[tuple], jobs: int) -> List[str]:
    """Train, a line as each run ends; folders of those that stopped."""
    broken = []
    with ThreadPoolExecutor(jobs) as pool:
        runs = {pool.submit(train, *plan): plan[2] for plan in plans}
        try:
            for number, future in enumerate(as_completed(runs), 1):
                state = 'done'
                if future.result():
                    state = 'stopped'
                    broken.append(runs[future])
                print(
                    f'{number} of {len(runs)}: {runs[future]} {state}',
                    flush=True)
        except BaseException:  # Ctrl-C: those that wait do not begin
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return broken


def main():
    args = parse_args()
    methods = method_configs(args.methods)
    init_default_scope('mmseg')
    data = read_plain_config(args.dataset)
    model = read_plain_config(args.model).model if args.model else None
    try:
        leaf = sources.leaf_dataset(data.train_dataloader.dataset)
        folders, shares = write_lists(args, data.train_dataloader.dataset)
    except (ValueError, OSError, RuntimeError) as error:
        raise SystemExit(f'{args.dataset}: {error}')
    classes = DATASETS.get(leaf.type).METAINFO.get('classes')
    classes = (leaf.get('metainfo') or {}).get('classes') or classes
    if not classes:
        raise SystemExit(f'{args.dataset}: {leaf.type} names no classes; set '
                         'metainfo.classes.')
    plans, runs = [], []
    for size in args.sizes:
        for seed in args.seeds:
            for name, path in methods.items():
                cfg = adapt(
                    read_plain_config(path), data, folders[size], seed, model,
                    len(classes))
                cfg.merge_from_dict(args.cfg_options)
                run = osp.join(args.work_dir,
                               f'{name}_{osp.basename(folders[size])}_{seed}')
                config = osp.join(run, f'{name}.py')
                check_sources(cfg, run)
                try:
                    claim_work_dir(run, cfg.to_dict())
                except RuntimeError as error:
                    raise SystemExit(str(error))
                with atomic_open(config, 'w') as file:
                    file.write(cfg.pretty_text)
                plans.append((TOOLS / 'train.py', config, run, []))
                runs.append(label_efficiency.Run(name, size, run))
    print(f'{len(plans)} runs, {args.jobs} at a time', flush=True)
    broken = train_all(plans, args.jobs)
    if broken:
        raise SystemExit(f'training stopped, see {broken[0]}/train.log')
    try:
        write_results(runs, args, shares)
    except (ValueError, FileNotFoundError) as error:
        raise SystemExit(str(error))


if __name__ == '__main__':
    main()
