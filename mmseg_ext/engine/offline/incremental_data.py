"""The class-incremental data set of a config, for offline steps."""
import copy
import hashlib
import json
import os.path as osp
from typing import Mapping, Sequence

from mmengine.config import Config
from mmseg.registry import DATASETS

from ...datasets.class_incremental_dataset import ClassIncrementalDataset
from ...utils.config_fields import type_name


def build_incremental_dataset(cfg: Config,
                              hidden: bool = False) -> ClassIncrementalDataset:
    """Build the training data of a step without pipeline and masks.

    Args:
        cfg (Config): The config.
        hidden (bool): All images with those labels of pixels that the step
            may not see, to evaluate masks. Defaults to False.

    Returns:
        ClassIncrementalDataset: The data set.

    Raises:
        ValueError: If the config has another one.
    """
    dataset = copy.deepcopy(cfg.train_dataloader.dataset)
    while type_name(dataset) != 'ClassIncrementalDataset':
        if 'dataset' not in dataset:
            raise ValueError('train_dataloader.dataset is '
                             f'{dataset.get("type")}: expected is a '
                             'ClassIncrementalDataset.')
        dataset = dataset['dataset']
    dataset.update(pipeline=[], pseudo_masks=None)
    if hidden:
        dataset.update(evaluate=True)
    return DATASETS.build(dataset)


def annotation_hash(dataset: ClassIncrementalDataset, names: Sequence[str],
                    instances: Mapping[str, str]) -> str:
    """SHA-256 of all that a data set tells of its images, hexadecimal.

    Args:
        dataset (ClassIncrementalDataset): The data set.
        names (Sequence[str]): Its images.
        instances (Mapping[str, str]): Files of instances by image.

    Raises:
        FileNotFoundError: If a label map is missing.
    """
    digest = hashlib.sha256()
    for i, name in enumerate(names):
        info = dataset.get_data_info(i)
        told = [name, info.get('image_labels'), info['label_map']]
        digest.update(json.dumps(told).encode())
        for path in (info.get('seg_map_path'), instances.get(name)):
            if path is None:
                continue
            if not osp.isfile(path):
                raise FileNotFoundError(
                    f'The label map {path} of the image {name} is missing.')
            with open(path, 'rb') as file:
                digest.update(file.read())
    return digest.hexdigest()
