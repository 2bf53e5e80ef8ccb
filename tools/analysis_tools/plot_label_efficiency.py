"""Plot the mIoU of finished runs against the share of labels, or a setting.

Each run is NAME@X=WORK_DIR. Runs of the same NAME and X, such as those of
several seeds, are averaged; the bars are one standard deviation.

Examples::

    python tools/analysis_tools/plot_label_efficiency.py fractions.png \\
        random@1/30=work_dirs/random_30 random@1=work_dirs/random_all \\
        DDeP@1/30=work_dirs/ddep_30 DDeP@1=work_dirs/ddep_all

    # any setting in place of the share
    python tools/analysis_tools/plot_label_efficiency.py sigma.png \\
        --xlabel sigma --linear DeP@0.1=work_dirs/a DeP@0.22=work_dirs/b
"""
import argparse
import io
import sys
from collections import defaultdict
from fractions import Fraction
from pathlib import Path
from statistics import mean, stdev
from typing import Dict, List, NamedTuple

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmseg_ext.engine.atomic_io import atomic_open  # noqa: E402
from mmseg_ext.utils.run_scores import read_scores  # noqa: E402

METRIC = 'mIoU'


class Run(NamedTuple):
    """A point of a curve.

    Args:
        name (str): Name of the curve.
        x (str): Where on the axis, as it was given.
        folder (str): Working directory.
    """
    name: str
    x: str
    folder: str


def parse_run(text: str) -> Run:
    """Read NAME@X=WORK_DIR."""
    point, separator, folder = text.partition('=')
    name, at, x = point.rpartition('@')
    try:
        positive = Fraction(x) > 0
    except (ValueError, ZeroDivisionError):
        positive = False
    if not (separator and at and name and folder and positive):
        raise argparse.ArgumentTypeError(
            f'{text!r} is not of the form NAME@X=WORK_DIR, with X a positive '
            'number such as 0.22 or a share such as 1/30')
    return Run(name, x, folder)


def read_score(folder: str, which: str, model: str) -> float:
    """The last or the best validation of a run."""
    scores = read_scores(folder, METRIC)
    by_step = scores.get(model) or next(iter(scores.values()))
    return max(by_step.values()) if which == 'best' else list(
        by_step.values())[-1]


def collect(runs: List[Run], which: str,
            model: str) -> Dict[str, Dict[str, List[float]]]:
    """Scores by curve and place on the axis, in the order of the axis."""
    curves = defaultdict(lambda: defaultdict(list))
    for run in sorted(runs, key=lambda run: Fraction(run.x)):
        curves[run.name][run.x].append(read_score(run.folder, which, model))
    return {run.name: dict(curves[run.name]) for run in runs}


def spread(values: List[float]) -> float:
    """Standard deviation, 0 of a single run."""
    return stdev(values) if len(values) > 1 else 0.


def make_table(curves: Dict[str, Dict[str, List[float]]]) -> str:
    """One line for each curve, one column for each place."""
    places = sorted({x
                     for curve in curves.values()
                     for x in curve},
                    key=Fraction)
    rows = [('', *places)]
    for name, curve in curves.items():
        cells = []
        for x in places:
            values = curve.get(x, [])
            cell = f'{mean(values):.2f}' if values else '-'
            if len(values) > 1:
                cell += f' +- {spread(values):.2f} ({len(values)})'
            cells.append(cell)
        rows.append((name, *cells))
    widths = [max(map(len, column)) for column in zip(*rows)]
    return '\n'.join('  '.join(
        cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
                     for row in rows)


def draw(curves: Dict[str, Dict[str, List[float]]], xlabel: str,
         linear: bool) -> bytes:
    """The plot as a PNG."""
    import matplotlib
    matplotlib.use('Agg')
    import matplotlib.pyplot as plt
    figure, axes = plt.subplots(figsize=(6, 4), layout='constrained')
    for name, curve in curves.items():
        axes.errorbar([float(Fraction(x)) for x in curve],
                      [mean(values) for values in curve.values()],
                      yerr=[spread(values) for values in curve.values()],
                      marker='o',
                      capsize=3,
                      label=name)
    places = sorted({x
                     for curve in curves.values()
                     for x in curve},
                    key=Fraction)
    if not linear:
        axes.set_xscale('log')
    axes.set_xticks([float(Fraction(x)) for x in places], places)
    axes.minorticks_off()
    axes.set_xlabel(xlabel)
    axes.set_ylabel(f'{METRIC} (%)')
    axes.grid(alpha=0.3)
    axes.legend()
    buffer = io.BytesIO()
    figure.savefig(buffer, format='png', dpi=120)
    plt.close(figure)
    return buffer.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('out', help='PNG file to write')
    parser.add_argument(
        'runs', nargs='+', type=parse_run, metavar='NAME@X=WORK_DIR')
    parser.add_argument(
        '--which',
        choices=['last', 'best'],
        default='last',
        help='validation that counts (default: last)')
    parser.add_argument(
        '--model',
        default='student',
        help='network that counts where several are validated (default: '
        'student)')
    parser.add_argument('--xlabel', default='share of the labels')
    parser.add_argument(
        '--linear', action='store_true', help='no logarithmic axis')
    args = parser.parse_args()
    try:
        curves = collect(args.runs, args.which, args.model)
    except FileNotFoundError as error:
        sys.exit(f'error: {error}')
    print(f'{METRIC} in percent, {args.which} validation')
    print(make_table(curves))
    with atomic_open(args.out) as file:
        file.write(draw(curves, args.xlabel, args.linear))


if __name__ == '__main__':
    main()
