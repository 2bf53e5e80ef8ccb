"""Scores of many runs over the share of labels: a table and a plot."""
import io
from collections import defaultdict
from fractions import Fraction
from statistics import mean, stdev
from typing import Callable, Dict, List, NamedTuple

from .run_scores import read_scores, scores_of

METRIC = 'mIoU'
Curves = Dict[str, Dict[str, List[float]]]


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


def read_score(folder: str, which: str, model: str) -> float:
    """The last or the best validation of a run.

    Raises:
        FileNotFoundError: If none is logged.
        ValueError: If several networks are validated, none by this name.
    """
    scores = read_scores(folder, METRIC)
    if len(scores) > 1:
        if model == 'student' and model not in scores and 'model' in scores:
            model = 'model'  # of an evaluation that scores its source too
        by_step = scores_of(scores, model, METRIC, folder)
    else:
        by_step, = scores.values()
    return max(by_step.values()) if which == 'best' else list(
        by_step.values())[-1]


def collect(runs: List[Run],
            which: str = 'last',
            model: str = 'student',
            place: Callable = Fraction) -> Curves:
    """Scores by curve and place on the axis, in the order of the axis."""
    curves = defaultdict(lambda: defaultdict(list))
    for run in sorted(runs, key=lambda run: place(run.x)):
        curves[run.name][run.x].append(read_score(run.folder, which, model))
    return {run.name: dict(curves[run.name]) for run in runs}


def spread(values: List[float]) -> float:
    """Standard deviation, 0 of a single run."""
    return stdev(values) if len(values) > 1 else 0.


def make_table(curves: Curves) -> str:
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


def draw(curves: Curves,
         xlabel: str,
         linear: bool,
         place: Callable = Fraction) -> bytes:
    """The plot as a PNG.

    Args:
        curves (Curves): The scores.
        xlabel (str): What the axis shows.
        linear (bool): Whether the axis is linear.
        place (Callable): The number on the axis of each x as it was given.
            Defaults to that which is written.
    """
    import matplotlib
    matplotlib.use('Agg')
    import matplotlib.pyplot as plt
    figure, axes = plt.subplots(figsize=(6, 4), layout='constrained')
    places = sorted({x for curve in curves.values() for x in curve}, key=place)
    low, high = float(place(places[0])), float(place(places[-1]))
    # no logarithm of 0
    linear = linear or low <= 0
    for i, (name, curve) in enumerate(curves.items()):
        # points aside, or the bars of one place cover one another
        aside = 0.012 * (i - (len(curves) - 1) / 2)
        along = [float(place(x)) for x in curve]
        along = [
            x + aside * (high - low) if linear else x * (high / low)**aside
            for x in along
        ]
        axes.errorbar(
            along, [mean(values) for values in curve.values()],
            yerr=[spread(values) for values in curve.values()],
            marker='o',
            capsize=3,
            label=name)
    if not linear:
        axes.set_xscale('log')
    axes.set_xticks([float(place(x)) for x in places], places)
    axes.minorticks_off()
    axes.set_xlabel(xlabel)
    axes.set_ylabel(f'{METRIC} (%)')
    axes.grid(alpha=0.3)
    axes.legend()
    buffer = io.BytesIO()
    figure.savefig(buffer, format='png', dpi=120)
    plt.close(figure)
    return buffer.getvalue()
