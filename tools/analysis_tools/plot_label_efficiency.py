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
import sys
from fractions import Fraction
from pathlib import Path

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmseg_ext.utils import label_efficiency  # noqa: E402
from mmseg_ext.utils.atomic_io import atomic_open  # noqa: E402


def parse_run(text: str) -> label_efficiency.Run:
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
    return label_efficiency.Run(name, x, folder)


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
        curves = label_efficiency.collect(args.runs, args.which, args.model)
    except (FileNotFoundError, ValueError) as error:
        sys.exit(f'error: {error}')
    print(f'{label_efficiency.METRIC} in percent, {args.which} validation')
    print(label_efficiency.make_table(curves))
    with atomic_open(args.out) as file:
        file.write(label_efficiency.draw(curves, args.xlabel, args.linear))


if __name__ == '__main__':
    main()
