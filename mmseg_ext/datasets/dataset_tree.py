from typing import Iterator, List, Tuple

# Attributes under which the stock wrappers (RepeatDataset, ConcatDataset,
# ClassBalancedDataset, MultiImageMixDataset, SeededDataset, ...) hold others.
_CHILD = 'dataset'
_CHILDREN = 'datasets'
_SOURCES = 'sources'


def walk_datasets(dataset,
                  field: str = 'dataset') -> Iterator[Tuple[str, object]]:
    """Walk through data set wrappers down to the data sets that hold images.

    Args:
        dataset (Dataset): Any stock or own data set.
        field (str): Config field of ``dataset``. Defaults to 'dataset'.

    Yields:
        tuple[str, Dataset]: Config field and data set, for each leaf.
    """
    if isinstance(getattr(dataset, _SOURCES, None), dict):
        for name, source in dataset.sources.items():
            yield from walk_datasets(source, f'{field}.{name}')
    elif hasattr(dataset, _CHILDREN):
        for i, child in enumerate(dataset.datasets):
            yield from walk_datasets(child, f'{field}.{_CHILDREN}[{i}]')
    elif hasattr(dataset, _CHILD):
        yield from walk_datasets(dataset.dataset, f'{field}.{_CHILD}')
    else:
        yield field, dataset


def pipeline_transforms(dataset) -> List:
    """Transforms of a leaf data set's pipeline.

    Args:
        dataset (BaseDataset): A data set with a ``pipeline``, or without.

    Returns:
        list: The transforms, in order; empty if there is no pipeline.
    """
    return list(
        getattr(getattr(dataset, 'pipeline', None), 'transforms', []) or [])
