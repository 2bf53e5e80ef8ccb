"""Run bidirectional learning: translation and segmentor, in turns.

CONFIG trains the segmentor with pseudo labels; its field ``bdl`` names the
configs of the other steps. Round 0 learns to translate, translates the source,
trains a segmentor on it with an adversary, and then, ``--inner`` times, makes
pseudo labels with the last segmentor and trains the next one, always from the
initial weights. Each of the further ``--rounds`` does so again with a
translation that the last segmentor watches (perceptual loss). The paper's two
rounds are ``--rounds 1 --inner 2``; ``--rounds 0 --inner 0`` is the
one-directional baseline::

    python tools/bdl.py configs/bdl/bdl_toystreet.py --rounds 1 --inner 2

Killed at any point and started again, it goes on where it was.
"""
import argparse
import os.path as osp
import shlex
import sys
from pathlib import Path
from typing import Callable, List, Optional

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[1]))

import mmseg_ext  # noqa: E402,F401  isort: skip  mends the stack first
from mmengine.config import Config  # noqa: E402
from mmengine.utils import is_abs  # noqa: E402

from mmseg_ext.engine import offline  # noqa: E402
from mmseg_ext.engine.offline.cache import MANIFEST  # noqa: E402
from mmseg_ext.engine.offline.chain import Chain, Step  # noqa: E402
from mmseg_ext.engine.offline.plan import ChainPlan  # noqa: E402

TOOLS = Path(__file__).resolve().parent
FIELDS = ('translation', 'perceptual_translation', 'adversarial')


def parse_args(argv: Optional[List[str]] = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config with the field `bdl`')
    parser.add_argument(
        '--rounds',
        type=int,
        default=1,
        help='rounds with a perceptual loss, behind round 0 (default: 1)')
    parser.add_argument(
        '--inner',
        type=int,
        default=2,
        help='trainings with pseudo labels in a round (default: 2)')
    parser.add_argument(
        '--work-dir', help='default: work_dirs/ and the name of CONFIG')
    parser.add_argument('--gpus', type=int, default=1, help='processes')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument(
        '--translated',
        help='a translated data set that round 0 trains on in place of one '
        'of its own; the folder of the source itself leaves translation out')
    parser.add_argument(
        '--first-segmentor',
        help='checkpoint of a segmentor that watches the translation of '
        'round 0 too')
    parser.add_argument(
        '--no-perceptual',
        action='store_true',
        help='translate in all rounds without a perceptual loss')
    parser.add_argument(
        '--dry-run', action='store_true', help='print the plan')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        default=[],
        help='settings of every training and offline step, as key=value')
    args = parser.parse_args(argv)
    for name, least in (('rounds', 0), ('inner', 0), ('gpus', 1)):
        if getattr(args, name) < least:
            parser.error(f'--{name} is {getattr(args, name)}: expected an '
                         f'integer >= {least}')
    args.work_dir = osp.abspath(
        args.work_dir or osp.join('work_dirs',
                                  Path(args.config).stem))
    return args


def find_configs(path: str) -> dict:
    """The configs of all trainings, by the names in the field ``bdl``.

    Raises:
        ValueError: If the field is missing or names no file.
    """
    field = Config.fromfile(path).get('bdl')
    if field is None or set(FIELDS) - set(field):
        raise ValueError(
            f'{path} must set bdl = dict({"=..., ".join(FIELDS)}=...) with '
            f'the configs of the other trainings, but has {field}.')
    found = dict(self_training=path)
    for name in FIELDS:
        candidates = [osp.join(osp.dirname(path), field[name]), field[name]]
        found[name] = next(filter(osp.isfile, candidates), None)
        if found[name] is None:
            raise ValueError(f'bdl.{name} of {path} is {field[name]!r}, but '
                             f'{candidates[0]} is no file.')
    return found


class Plan(ChainPlan):
    """Writes down the steps.

    Args:
        args (Namespace): Options of the command line.

    Raises:
        ValueError: If a config cannot serve.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.kinds = find_configs(args.config)
        super().__init__(
            str(TOOLS), args.work_dir, self.kinds.values(), args.gpus,
            args.seed, args.cfg_options)
        field = self.configs[args.config].bdl
        positionals = [args.config, 'CHECKPOINT', 'OUT']
        self.pseudo_options = self.tool_options(
            f'bdl.pseudo_labels of {args.config}', field.get('pseudo_labels'),
            'make_pseudo_labels.py', positionals)
        self.translate_options = self.tool_options(
            f'bdl.translate of {args.config}', field.get('translate'),
            'translate_dataset.py', positionals)

    def write(self) -> List[Step]:
        """All steps in order."""
        segmentor = self.args.first_segmentor
        for number in range(self.args.rounds + 1):
            segmentor = self._round(number, segmentor)
        return self.steps

    def _round(self, number: int, segmentor: Optional[str]) -> str:
        """Add a round; gives the checkpoint of its last segmentor."""
        source = self.args.translated if number == 0 else None
        if source is None:
            source = self._translate(number, segmentor)
        name = f'round{number}/segmentation'
        checkpoint = self.train(f'{name}0', self.kinds['adversarial'],
                                self._options('adversarial', source))
        for i in range(1, self.args.inner + 1):
            made_by = 'self_training' if i > 1 else 'adversarial'
            labels = self.tool(f'round{number}/pseudo_labels{i}',
                               'make_pseudo_labels.py', self.kinds[made_by],
                               [checkpoint], self.pseudo_options)
            path = osp.join(labels, 'labels')
            options = self._options('self_training', source)
            for field, _ in self._data('self_training', 'target'):
                options.append(f'{field}.data_prefix.seg_map_path={path}')
            checkpoint = self.train(f'{name}{i}', self.kinds['self_training'],
                                    options)
        return checkpoint

    def _options(self, kind: str, source: str) -> List[str]:
        """Settings by which a segmentor trains on a translated source."""
        options = []
        for field, dataset in self._data(kind, 'source'):
            path = (dataset.get('data_prefix') or {}).get('img_path', '')
            if is_abs(path):
                raise ValueError(
                    f'{field}.data_prefix.img_path of {self.kinds[kind]} is '
                    f'{path!r}, where no translated images are: expected is '
                    'a path relative to data_root, which is set to their '
                    'folder.')
            options.append(f'{field}.data_root={osp.abspath(source)}')
            if self._is_translated(source):
                if source != self.args.translated:  # lists are linked later
                    dataset = dict(dataset, data_root=self._source_root())
                suffix = offline.png_suffix(dataset,
                                            f'{self.kinds[kind]}: {field}')
                if suffix is not None:
                    options.append(f'{field}.img_suffix={suffix}')
        return options

    def _source_root(self) -> str:
        """Folder of the source that is translated."""
        _, dataset = self._data('translation', 'source')[0]
        return dataset['data_root']

    def _is_translated(self, folder: str) -> bool:
        """Whether translate_dataset.py writes or has written it."""
        return folder != self.args.translated or osp.isfile(
            osp.join(folder, MANIFEST))

    def _data(self,
              kind: str,
              branch: str,
              ask: Callable = offline.source_leaves):
        """Fields and configs of the data sets of a branch."""
        cfg = self.read(self.kinds[kind], self.cfg_options)
        try:
            return ask(cfg, branch)
        except ValueError as error:
            raise ValueError(f'{self.kinds[kind]}: {error}') from None

    def _translate(self, number: int, segmentor: Optional[str]) -> str:
        kind, options = 'translation', []
        if segmentor is not None and not self.args.no_perceptual:
            kind = 'perceptual_translation'
            options = [f'model.perceptual.checkpoint={osp.abspath(segmentor)}']
        self._data(kind, 'source', offline.check_data_root)
        config = self.kinds[kind]
        checkpoint = self.train(f'round{number}/translation', config, options)
        return self.tool(f'round{number}/translated', 'translate_dataset.py',
                         config, [checkpoint], self.translate_options)


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
