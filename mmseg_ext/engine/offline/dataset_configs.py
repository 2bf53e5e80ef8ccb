"""The data sets of a config, as they are written there."""
from typing import Iterator, Tuple


def dataset_leaves(dataset: dict,
                   field: str,
                   until: str = '') -> Iterator[Tuple[str, dict]]:
    """Walk through wrappers to the configs of the data sets in them.

    Args:
        dataset (dict): Config of any data set.
        field (str): Its config field.
        until (str): A key that makes a wrapper the end of the way. Defaults
            to '', none.

    Yields:
        tuple[str, dict]: Config field and config of each.
    """
    if 'dataset' in dataset and until not in dataset:
        yield from dataset_leaves(dataset['dataset'], f'{field}.dataset',
                                  until)
    elif 'datasets' in dataset and until not in dataset:
        for i, child in enumerate(dataset['datasets']):
            yield from dataset_leaves(child, f'{field}.datasets.{i}', until)
    else:
        yield field, dataset
