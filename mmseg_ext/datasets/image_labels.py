"""Which classes an image shows, told for the image as a whole."""
import json
import os.path as osp
from typing import Dict, FrozenSet, List, Sequence

ADVICE = ('make it with tools/dataset_converters/class_counts.py, or write '
          '{"<image>": ["<class>", ...]}')


def read_image_labels(path: str, field: str) -> Dict[str, FrozenSet[str]]:
    """Read image-level labels.

    Args:
        path (str): JSON of ``tools/dataset_converters/class_counts.py``, of
            which every class with a pixel counts, or an object
            ``{image: [class, ...]}``. Images are named by their paths below
            the image folder, without suffix.
        field (str): Config field that names it, for messages.

    Returns:
        dict[str, frozenset[str]]: Class names by image.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it holds something else.
    """
    if not osp.isfile(path):
        raise FileNotFoundError(f'{field} names {path}, which does not exist; '
                                f'{ADVICE}.')
    try:
        with open(path, encoding='utf-8') as file:
            content = json.load(file)
        if isinstance(content.get('images'), dict):
            classes: List[str] = content['classes']
            return {
                name: frozenset(c for c, n in zip(classes, counts) if n > 0)
                for name, counts in content['images'].items()
            }
        labels = {name: frozenset(value) for name, value in content.items()}
        if any(isinstance(value, str) for value in content.values()):
            raise ValueError('a class where a list of classes is expected')
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f'{field} names {path}, which holds no image-level '
                         f'labels ({error!r}); {ADVICE}.') from error
    return labels


def select_image_labels(labels: Dict[str,
                                     FrozenSet[str]], names: Sequence[str],
                        path: str, field: str) -> List[FrozenSet[str]]:
    """Labels of some images, in their order.

    Raises:
        ValueError: If one has none.
    """
    missing = [name for name in names if name not in labels]
    if missing:
        raise ValueError(f'{field} names {path}, which has no labels of the '
                         f'image {missing[0]!r} ({len(missing)} of '
                         f'{len(names)} are missing); {ADVICE}.')
    return [labels[name] for name in names]
