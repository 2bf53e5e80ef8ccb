"""Print the mIoU of finished runs side by side: last and best.

Example::

    python tools/analysis_tools/miou_table.py supervised=work_dirs/supervised \
        ELN=work_dirs/eln

    # and the checkpoint that is chosen without labels of the target
    python tools/analysis_tools/miou_table.py control=work_dirs/control \
        AdvEnt=work_dirs/advent --select target_entropy
"""
import argparse
import sys
from itertools import chain
from pathlib import Path
from typing import Optional

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmseg_ext.utils.arguments import find_repeated  # noqa: E402
from mmseg_ext.utils.run_scores import read_scores, scores_of  # noqa: E402

METRIC = 'mIoU'


def make_table(runs: dict, figures: Optional[dict] = None) -> str:
    """Write the scores of several runs as a table.

    Args:
        runs (dict[str, dict]): Result of :func:`read_scores` by the name of
            the run. The gains are over the first run's first model.
        figures (dict[str, dict[int, float]], optional): By the name of the
            run and iteration a figure; the score where it is least is shown
            as well. Defaults to None.

    Returns:
        str: The table, one line for each model of each run.
    """
    rows = [('run', 'model', 'last', 'at', 'best', 'at',
             *(('chosen', 'at') if figures else ()), 'gain (last)')]
    baseline = None
    for run, models in runs.items():
        for model, by_step in models.items():
            last = list(by_step)[-1]
            best = max(by_step, key=by_step.get)
            gain = ''
            if baseline is None:
                baseline = by_step[last]
            else:
                gain = f'{by_step[last] - baseline:+.2f}'
            steps = [last, best]
            if figures:
                shared = figures[run].keys() & by_step.keys()
                steps.append(min(sorted(shared), key=figures[run].get))
            scores = ((f'{by_step[step]:.2f}', str(step)) for step in steps)
            rows.append((run, model, *chain(*scores), gain))
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = [
        '  '.join(
            cell.ljust(width) if i < 2 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths))).rstrip()
        for row in rows
    ]
    title = f'{METRIC} in percent, at the last and at the best validation'
    return '\n'.join([title, lines[0], '-' * len(lines[0]), *lines[1:]])


def parse_run(text: str):
    name, separator, folder = text.partition('=')
    if not separator:
        raise argparse.ArgumentTypeError(
            f'{text!r} is not of the form NAME=WORK_DIR')
    return name, folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        'runs', nargs='+', type=parse_run, help='NAME=WORK_DIR')
    parser.add_argument(
        '--select',
        metavar='FIGURE',
        help='a logged figure, such as target_entropy: show the mIoU where it '
        'is least too')
    args = parser.parse_args()
    twice = find_repeated([name for name, _ in args.runs])
    if twice is not None:
        parser.error(f'the NAME {twice} comes twice: give each run its own')
    try:
        figures = args.select and {
            name:
            scores_of(
                read_scores(folder, args.select), 'model', args.select, folder)
            for name, folder in args.runs
        }
        runs = {name: read_scores(folder) for name, folder in args.runs}
        print(make_table(runs, figures))
    except (FileNotFoundError, ValueError) as error:
        sys.exit(f'error: {error}')


if __name__ == '__main__':
    main()
