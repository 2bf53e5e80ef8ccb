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


def scores_of(scores: Dict[str, Dict[int, float]], model: str, metric: str,
              work_dir: Union[str, Path]) -> Dict[int, float]:
    """Pick the scores of one evaluated model.

    Args:
        scores (dict[str, dict[int, float]]): Result of :func:`read_scores`.
        model (str): Name of the model, ``'model'`` where there is but one.
        metric (str): Name of the metric, for the message.
        work_dir (str or Path): Working directory, for the message.

    Returns:
        dict[int, float]: Score by iteration.

    Raises:
        ValueError: If it has none.
    """
    if model not in scores:
        logged = [
            metric if name == 'model' else f'{name}/{metric}'
            for name in scores
        ]
        raise ValueError(f'{work_dir} has {", ".join(logged)} and no '
                         f'{metric} of {model!r}.')
    return scores[model]
