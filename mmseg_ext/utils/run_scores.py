import json
from pathlib import Path
from typing import Dict, Union


def read_scores(work_dir: Union[str, Path],
                metric: str = 'mIoU') -> Dict[str, Dict[int, float]]:
    """Read the validation scores that a run logged.

    Args:
        work_dir (str or Path): Working directory of the run. The logs of a
            run that was resumed are joined; where two have the same
            iteration, the later one counts.
        metric (str): Name of the metric without the evaluated model.
            Defaults to 'mIoU'.

    Returns:
        dict[str, dict[int, float]]: Per evaluated model (``'student'``,
        ``'teacher'``, or ``'model'`` where there is but one) the score by
        iteration, in order.

    Raises:
        FileNotFoundError: If there is no log with the metric.
    """
    scores = {}
    for path in sorted(Path(work_dir).glob('*/vis_data/scalars.json')):
        for line in path.read_text(encoding='utf-8').splitlines():
            try:
                entry = json.loads(line)
            except ValueError:  # cut off when the run was killed
                continue
            for key, value in entry.items():
                prefix, _, name = key.rpartition('/')
                if name == metric:
                    model = scores.setdefault(prefix or 'model', {})
                    model[int(entry['step'])] = float(value)
    if not scores:
        raise FileNotFoundError(
            f'No {metric} is logged in {work_dir}/*/vis_data/scalars.json; '
            'give the working directory of a run that was validated.')
    return {
        name: dict(sorted(by_step.items()))
        for name, by_step in sorted(scores.items())
    }
