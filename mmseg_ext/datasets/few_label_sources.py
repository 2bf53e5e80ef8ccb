"""Configs of labelled and unlabelled sources out of that of a data set."""
import copy
import os.path as osp
from typing import List, Sequence

from mmseg.registry import DATASETS

from ..utils.config_fields import type_name
from .label_transforms import loads_labels, needs_labels

_WRAPPERS = ('dataset', 'datasets')


def leaf_dataset(cfg: dict) -> dict:
    """The config of the data set within wrappers such as RepeatDataset.

    Args:
        cfg (dict): Config of a data set.

    Raises:
        ValueError: If it joins several.
    """
    while 'pipeline' not in cfg:
        inner = [name for name in _WRAPPERS if name in cfg]
        if not inner or inner[0] == 'datasets':
            raise ValueError(
                'train_dataloader.dataset must be one data set with a '
                f'pipeline, wrapped or not, but is a {type_name(cfg)}.')
        cfg = cfg[inner[0]]
    return cfg


def labeled_source(cfg: dict, names: str, packing: str) -> dict:
    """The labelled images of a list.

    Args:
        cfg (dict): Config of the whole labelled set, wrapped or not.
        names (str): The list.
        packing (str): Type of the transform that packs.

    Returns:
        dict: Config of the source.

    Raises:
        ValueError: If its pipeline loads no labels.
    """
    source = copy.deepcopy(dict(leaf_dataset(cfg)))
    source['ann_file'] = osp.abspath(names)
    source['pipeline'] = _packed(source['pipeline'], packing)
    if packing == 'PackBranchInputs':
        loaded = [
            i for i, transform in enumerate(source['pipeline'])
            if loads_labels(transform)
        ]
        if not loaded:
            raise ValueError('the pipeline of train_dataloader.dataset has no '
                             'LoadAnnotations: add it, so that the labels are '
                             'loaded.')
        source['pipeline'].insert(loaded[-1] + 1, dict(type='AddValidMask'))
    return source


def unlabeled_source(cfg: dict, names: str, ending: Sequence[dict]) -> dict:
    """Images of a list without their labels.

    Geometric transforms stay as they are, photometric ones are left to the
    strong views. Folder and ending of the images are those of the data set,
    or of its class where the config leaves them out.

    Args:
        cfg (dict): Config of the whole labelled set, wrapped or not.
        names (str): The list.
        ending (Sequence[dict]): What ends the pipeline, such as a
            ``BranchTransform`` that makes views.

    Returns:
        dict: Config of the source.
    """
    leaf = leaf_dataset(cfg)
    pipeline: List[dict] = []
    for transform in copy.deepcopy(list(leaf['pipeline'])):
        kind = type_name(transform)
        if kind.startswith('LoadImage'):
            pipeline += [transform, dict(type='AddValidMask')]
        elif kind == 'RandomCrop':
            transform.pop('cat_max_ratio', None)
            pipeline.append(transform)
        elif not needs_labels(transform) and not kind.startswith('Pack') and (
                'Photo' not in kind and 'Color' not in kind):
            pipeline.append(transform)
    whole = DATASETS.build(dict(leaf, pipeline=[], lazy_init=True))
    # None: the class, as that of CamVid, takes what the folder has
    ending_of_images = {} if whole.img_suffix is None else dict(
        img_suffix=whole.img_suffix)
    return dict(
        type='UnlabeledImageDataset',
        data_prefix=dict(img_path=whole.data_prefix['img_path']),
        **ending_of_images,
        ann_file=osp.abspath(names),
        pipeline=[*pipeline, *copy.deepcopy(list(ending))])


def _packed(pipeline: Sequence[dict], packing: str) -> List[dict]:
    return [
        dict(transform, type=packing)
        if type_name(transform).startswith('Pack') else dict(transform)
        for transform in copy.deepcopy(list(pipeline))
    ]
