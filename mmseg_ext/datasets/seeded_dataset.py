import copy
from typing import Union

from mmengine.dataset import BaseDataset
from mmseg.registry import DATASETS

from .sample_loading import load_sample


@DATASETS.register_module()
class SeededDataset:
    """Gives an ordinary data set the randomness of the multi-source ones.

    With a :class:`MultiSourceSampler` the augmentation of an image becomes a
    function of the iteration, whatever ``num_workers`` is, and a broken file
    is reported by its name. Batches stay ordinary, un-branched ones, so the
    stock ``EncoderDecoder`` trains on them: the fair supervised baseline.

    Args:
        dataset (dict or BaseDataset): The data set to wrap.
    """

    def __init__(self, dataset: Union[dict, BaseDataset]) -> None:
        if isinstance(dataset, dict):
            dataset = DATASETS.build(dataset)
        self.dataset = dataset

    @property
    def metainfo(self) -> dict:
        """dict: Meta information of the wrapped data set."""
        return copy.deepcopy(self.dataset.metainfo)

    def full_init(self) -> None:
        """Load the wrapped data set's annotations."""
        self.dataset.full_init()

    def get_data_info(self, index: int) -> dict:
        """Annotation of a sample, before the pipeline.

        Args:
            index (int): Index of the sample.

        Returns:
            dict: Its annotation.
        """
        return self.dataset.get_data_info(index)

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> dict:
        if index >= len(self):
            raise IndexError(f'Index {int(index)} is out of range for '
                             f'{len(self)} samples.')
        return load_sample(self.dataset, int(index),
                           getattr(index, 'seed', None),
                           'train_dataloader.dataset.dataset',
                           getattr(index, 'wanted', None))
