"""Print the mIoU of finished runs side by side: last and best.

Example::

    python tools/analysis_tools/miou_table.py supervised=work_dirs/supervised \
        ELN=work_dirs/eln
"""
import argparse
import json
import sys
from pathlib import Path

METRIC = 'mIoU'


def read_scores(work_dir) -> dict:
    """Read the validation scores that a run logged.

    Args:
        work_dir (str | Path): Working directory of the run. The logs of a run
            that was resumed are joined; where two have the same iteration,
            the later one counts.

    Returns:
        dict[str, dict[int, float]]: Per evaluated model (``'student'``,
        ``'teacher'``, or ``'model'`` where there is but one) the mIoU in
        percent by iteration, in order.

    Raises:
        FileNotFoundError: If there is no log with a mIoU.
    """
    scores = {}
    for path in sorted(Path(work_dir).glob('*/vis_data/scalars.json')):
        for line in path.read_text(encoding='utf-8').splitlines():
            try:
                entry = json.loads(line)
            except ValueError:  # cut off when the run was killed
                continue
            for key, value in entry.items():
                prefix, _, metric = key.rpartition('/')
                if metric == METRIC:
                    model = scores.setdefault(prefix or 'model', {})
                    model[int(entry['step'])] = float(value)
    if not scores:
        raise FileNotFoundError(
            f'No {METRIC} is logged in {work_dir}/*/vis_data/scalars.json; '
            'give the working directory of a run that was validated.')
    return {
        name: dict(sorted(by_step.items()))
        for name, by_step in sorted(scores.items())
    }


def make_table(runs: dict) -> str:
    """Write the scores of several runs as a table.

    Args:
        runs (dict[str, dict]): Result of :func:`read_scores` by the name of
            the run. The gains are over the first run's first model.

    Returns:
        str: The table, one line for each model of each run.
    """
    rows = [('run', 'model', 'last', 'at', 'best', 'at', 'gain (last)')]
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
            rows.append((run, model, f'{by_step[last]:.2f}', str(last),
                         f'{by_step[best]:.2f}', str(best), gain))
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
    args = parser.parse_args()
    try:
        print(make_table({n: read_scores(folder) for n, folder in args.runs}))
    except FileNotFoundError as error:
        sys.exit(f'error: {error}')


if __name__ == '__main__':
    main()
