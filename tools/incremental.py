"""Run all steps of a class-incremental task by one command.

CONFIG trains the last step; its field ``incremental`` names the config of step
0 and those of the steps between, ``dict(base=..., steps=[...])``. Step 0 is
trained with labels of pixels. For each further step objects are stored
(``build_memory_bank.py``, where the step pastes them), masks are made of
labels of images (``cosegment.py``), and the step is trained from the
checkpoint of the one before::

    python tools/incremental.py configs/fmwiss/fmwiss_toystreet.py

Killed at any point and started again, it goes on where it was. ``--masks``
takes masks that are there already, one folder a step.
"""
import argparse
import os.path as osp
import shlex
import sys
from pathlib import Path
from typing import List, Optional

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[1]))

import mmseg_ext  # noqa: E402,F401  isort: skip  mends the stack first
from mmengine.config import Config  # noqa: E402

from mmseg_ext.engine.offline.chain import Chain, Step  # noqa: E402
from mmseg_ext.engine.offline.plan import ChainPlan  # noqa: E402
from mmseg_ext.utils.config_fields import type_name  # noqa: E402

TOOLS = Path(__file__).resolve().parent
DATASET = 'train_dataloader.dataset'


def parse_args(argv: Optional[List[str]] = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config with the field `incremental`')
    parser.add_argument(
        '--work-dir', help='default: work_dirs/ and the name of CONFIG')
    parser.add_argument('--gpus', type=int, default=1, help='processes')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument(
        '--base', help='checkpoint of step 0, in place of training it')
    parser.add_argument(
        '--masks', nargs='+', help='folders of masks, one for each step')
    parser.add_argument(
        '--dry-run', action='store_true', help='print the plan')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        default=[],
        help='settings of every training and offline step, as key=value')
    args = parser.parse_args(argv)
    if args.gpus < 1:
        parser.error(f'--gpus is {args.gpus}: expected an integer >= 1')
    args.work_dir = osp.abspath(
        args.work_dir or osp.join('work_dirs',
                                  Path(args.config).stem))
    return args


def find_config(folder: str, name: str, field: str) -> str:
    """A config beside another one.

    Raises:
        ValueError: If there is none.
    """
    for path in (osp.join(folder, name), name):
        if osp.isfile(path):
            return path
    raise ValueError(f'{field} is {name!r}, but {osp.join(folder, name)} is '
                     'no file.')


class Plan(ChainPlan):
    """Writes down the steps.

    Args:
        args (Namespace): Options of the command line.

    Raises:
        ValueError: If the config does not tell the steps.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        field = Config.fromfile(args.config).get('incremental')
        if field is None or {'base', 'steps'} - set(field):
            raise ValueError(f'{args.config} must set incremental = '
                             'dict(base=..., steps=[...]) with the configs '
                             f'of the task, but has {field}.')
        folder = osp.dirname(args.config)
        names = [field['base'], *field['steps']]
        self.order = [
            find_config(folder, name, f'incremental of {args.config}')
            for name in names
        ]
        self.order.append(args.config)
        self.tagger = field.get('tagger') and find_config(
            folder, field['tagger'], f'incremental.tagger of {args.config}')
        if args.masks and len(args.masks) != len(self.order) - 1:
            raise ValueError(f'--masks names {len(args.masks)} folders, but '
                             f'there are {len(self.order) - 1} steps behind '
                             'step 0.')
        configs = [*self.order, *filter(None, [self.tagger])]
        super().__init__(
            str(TOOLS), args.work_dir, configs, args.gpus, args.seed,
            args.cfg_options)
        self.bank_options = self.tool_options(
            f'incremental.memory_bank of {args.config}',
            field.get('memory_bank'), 'build_memory_bank.py',
            [args.config, 'OUT'])

    def write(self) -> List[Step]:
        """All steps in order."""
        checkpoint = self.args.base and osp.abspath(self.args.base)
        if checkpoint is None:
            checkpoint = self.train('step0/train', self.order[0], [])
        bank = None
        for number in range(1, len(self.order)):
            checkpoint, bank = self._step(number, checkpoint, bank)
        return self.steps

    def _step(self, number: int, previous: str, bank: Optional[str]):
        """Add a step; gives its checkpoint and memory bank."""
        config, before = self.order[number], self.order[number - 1]
        prefix, dataset = self._dataset(config)
        options = [f'load_from={previous}']
        pastes = [
            i for i, transform in enumerate(dataset['pipeline'])
            if type_name(transform) == 'MemoryCopyPaste'
        ]
        if pastes:
            arguments = [*self.bank_options, f'--seed={self.args.seed}']
            if number > 1:
                arguments += ['--checkpoint', previous]
                if bank is not None:
                    arguments += ['--extend', bank]
            bank = self.tool(
                f'step{number}/bank',
                'build_memory_bank.py',
                before, [],
                arguments,
                shared=False)
        options += [f'{prefix}.pipeline.{i}.bank={bank}' for i in pastes]
        masks = self._masks(number, config, previous)
        options.append(f'{prefix}.pseudo_masks={masks}')
        name = f'step{number}/train'
        return self.train(name, config, options), bank

    def _masks(self, number: int, config: str, previous: str) -> str:
        if self.args.masks:
            return osp.abspath(self.args.masks[number - 1])
        options = []
        if self.tagger:
            tagger = self.train(f'step{number}/tagger', self.tagger,
                                [f'load_from={previous}'])
            options = [f'co_segmentor.checkpoint={tagger}']
            if self.cfg_options:
                # as its training has written it, with the settings
                options.append(
                    'co_segmentor.config=' +
                    osp.join(osp.dirname(tagger), osp.basename(self.tagger)))
        return self.tool(
            f'step{number}/masks',
            'cosegment.py',
            config, [], [],
            options=options)

    def _dataset(self, config: str):
        """Field and content of the data set of a step."""
        cfg = self.read(config, self.cfg_options)
        field, dataset = DATASET, cfg.train_dataloader.dataset
        while type_name(dataset) != 'ClassIncrementalDataset':
            if 'dataset' not in dataset:
                raise ValueError(f'{DATASET} of {config} has no '
                                 'ClassIncrementalDataset.')
            field, dataset = f'{field}.dataset', dataset['dataset']
        return field, dataset


def main() -> None:
    args = parse_args()
    steps = Plan(args).write()
    chain = Chain(args.work_dir)
    if not args.dry_run:
        return chain.run(steps)
    chain.check(steps)
    finished = chain.finished()
    for step in steps:
        state = 'finished' if step.name in finished else 'to do'
        print(f'{step.name} ({state}):\n    {shlex.join(step.command)}')


if __name__ == '__main__':
    main()
