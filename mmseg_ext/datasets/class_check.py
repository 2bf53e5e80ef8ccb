from typing import Iterator, List, Tuple

from .dataset_tree import walk_datasets

_HEADS = ('decode_head', 'auxiliary_head')


def walk_heads(model, field: str = 'model') -> Iterator[Tuple[str, object]]:
    """Find the segmentation heads of a model or of its config.

    Args:
        model (nn.Module or dict): A segmentor, or an algorithm that wraps
            one as ``segmentor``.
        field (str): Config field of ``model``. Defaults to 'model'.

    Yields:
        tuple[str, nn.Module or dict]: Config field and head.
    """
    inner = _get(model, 'segmentor')
    if inner is not None:
        yield from walk_heads(inner, f'{field}.segmentor')
        return
    for name in _HEADS:
        head = _get(model, name)
        if head is None:
            continue
        if _get(head, 'num_classes') is not None:
            yield f'{field}.{name}', head
        elif not isinstance(head, dict) and hasattr(head, '__iter__'):
            for i, part in enumerate(head):
                if _get(part, 'num_classes') is not None:
                    yield f'{field}.{name}[{i}]', part


def class_faults(model,
                 dataset,
                 field: str = 'train_dataloader.dataset') -> List[str]:
    """Compare the class count of every head with every data set's classes.

    Args:
        model (nn.Module or dict): The model or its config.
        dataset (Dataset): A data set; wrappers are walked through. Data sets
            without class names are left out.
        field (str): Config field of ``dataset``. Defaults to
            'train_dataloader.dataset'.

    Returns:
        list[str]: One sentence for each head that disagrees.
    """
    faults = {}  # one for each head: its remedy covers all data sets
    for data_field, leaf in walk_datasets(dataset, field):
        classes = getattr(leaf, 'metainfo', {}).get('classes')
        if not classes:
            continue
        for head_field, head in walk_heads(model):
            found = _get(head, 'num_classes')
            if found != len(classes):
                names = ', '.join(classes[:3])
                faults.setdefault(
                    head_field,
                    f'{head_field}.num_classes is {found}, but {data_field} '
                    f'has {len(classes)} classes ({names}, ...); set '
                    f'num_classes={len(classes)}.')
    return list(faults.values())


def evaluation_faults(
        dataset,
        evaluated,
        field: str = 'train_dataloader.dataset',
        evaluated_field: str = 'val_dataloader.dataset') -> List[str]:
    """Compare the class counts of what is trained on and what is scored.

    Args:
        dataset (Dataset): Training data; wrappers are walked through, data
            sets without class names left out.
        evaluated (Dataset): The data that the model is evaluated on.
        field (str): Config field of ``dataset``. Defaults to
            'train_dataloader.dataset'.
        evaluated_field (str): Config field of ``evaluated``. Defaults to
            'val_dataloader.dataset'.

    Returns:
        list[str]: One sentence if they differ, else nothing.
    """
    (name, classes), (other, scored) = (next(
        ((leaf_field, leaf.metainfo['classes'])
         for leaf_field, leaf in walk_datasets(data, data_field)
         if getattr(leaf, 'metainfo', {}).get('classes')),
        ('', ())) for data, data_field in ((dataset, field),
                                           (evaluated, evaluated_field)))
    if not classes or not scored or len(classes) == len(scored):
        return []
    return [
        f'{other} has {len(scored)} classes ({", ".join(scored[:3])}, ...), '
        f'but {name} has {len(classes)} ({", ".join(classes[:3])}, ...); set '
        'metainfo.classes so that both have the same.'
    ]


def _get(owner, name: str):
    if isinstance(owner, dict):
        return owner.get(name)
    return getattr(owner, name, None)
