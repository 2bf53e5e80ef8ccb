"""The class-incremental data set of a config, for offline steps."""
import copy

from mmengine.config import Config
from mmseg.registry import DATASETS

from ...datasets.class_incremental_dataset import ClassIncrementalDataset


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
    while dataset.get('type') != 'ClassIncrementalDataset':
        if 'dataset' not in dataset:
            raise ValueError('train_dataloader.dataset is '
                             f'{dataset.get("type")}: expected is a '
                             'ClassIncrementalDataset.')
        dataset = dataset['dataset']
    dataset.update(pipeline=[], pseudo_masks=None)
    if hidden:
        dataset.update(evaluate=True)
    return DATASETS.build(dataset)
