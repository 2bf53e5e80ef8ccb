"""The data sets of a config, as they are written there."""
import os.path as osp
from typing import Iterator, List, Optional, Tuple

from mmengine.config import Config
from mmseg.registry import DATASETS

from ...datasets.split_lists import IMG_SUFFIXES, read_split_list

FIELD = 'train_dataloader.dataset'


def find_source(cfg: Config, branch: str) -> dict:
    """A source of ``train_dataloader.dataset``.

    Args:
        cfg (Config): The config.
        branch (str): Its name.

    Raises:
        ValueError: If there is no such source.
    """
    sources = cfg.train_dataloader.dataset
    if sources.get(branch) is None:
        raise ValueError(f'{FIELD} has no {branch!r}: it has '
                         f'{[k for k, v in sources.items() if k != "type"]}.')
    return sources[branch]


def source_leaves(cfg: Config, branch: str) -> List[Tuple[str, dict]]:
    """Fields and configs of all data sets of a source."""
    return list(dataset_leaves(find_source(cfg, branch), f'{FIELD}.{branch}'))


def check_data_root(cfg: Config, branch: str) -> None:
    """Raise unless all images of a source lie below one ``data_root``.

    Args:
        cfg (Config): The config.
        branch (str): Name of the source.

    Raises:
        ValueError: If there is none, or several.
    """
    roots = {}
    for field, leaf in source_leaves(cfg, branch):
        root = leaf.get('data_root')
        if not root:
            raise ValueError(f'{field}.data_root is {root!r}: expected is the '
                             'folder that translated images stand in for, '
                             'with data_prefix.img_path below it.')
        roots.setdefault(osp.realpath(root), root)
    if len(roots) > 1:
        raise ValueError(f'{FIELD}.{branch} has the data_roots '
                         f'{", ".join(roots.values())}, expected is one: '
                         'translate them one by one, into an OUT of its own '
                         'each.')


def png_suffix(dataset: dict, field: str) -> Optional[str]:
    """The ``img_suffix`` of a data set whose images become PNGs.

    Args:
        dataset (dict): Config of the data set, no wrapper, with the
            ``data_root`` that its list lies below.
        field (str): Its config field.

    Returns:
        str or None: The suffix, None if its own one finds them.

    Raises:
        ValueError: If its list names images with another suffix.
    """
    leaf = DATASETS.build(dict(dataset, pipeline=[], lazy_init=True))
    suffix = leaf.img_suffix
    if leaf.ann_file and osp.isfile(leaf.ann_file):
        own = (suffix, ) if isinstance(suffix, str) else tuple(suffix or ())
        others = tuple(s.lower() for s in (*IMG_SUFFIXES, *own)
                       if s and not s.lower().endswith('.png'))
        for entry in read_split_list(leaf.ann_file):
            if entry.image.lower().endswith(others):
                raise ValueError(
                    f'{field}.ann_file {leaf.ann_file} names {entry.image}, '
                    'but translated images are PNGs: expected are names '
                    'without suffix.')
    # None: the class takes what the folder has
    if suffix is None or '.png' in suffix:
        return None
    if not isinstance(suffix, str) or '.' not in suffix:
        return '.png'
    return suffix[:suffix.rindex('.')] + '.png'


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
