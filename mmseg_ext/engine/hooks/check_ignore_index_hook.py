from typing import Iterator, Tuple

from mmengine.hooks import Hook
from mmseg.registry import HOOKS

from ...datasets.class_check import walk_heads
from ...datasets.dataset_tree import pipeline_transforms, walk_datasets
from ..utils import unwrap_model


@HOOKS.register_module()
class CheckIgnoreIndexHook(Hook):
    """Refuse a training whose parts ignore different labels.

    Where there are more than 255 classes, or few of them and another value
    for void, every part must be told: the data set, its padding transforms,
    the preprocessor and all heads. Whichever keeps the stock 255 would train
    on padding, or take a class for void.

    Raises:
        ValueError: If a part has another value than the data set; names its
            config field.
    """

    def before_train(self, runner) -> None:
        """Check heads, preprocessor and transforms."""
        model = unwrap_model(runner.model)
        for name, leaf in walk_datasets(runner.train_dataloader.dataset,
                                        'train_dataloader.dataset'):
            expected = getattr(leaf, 'ignore_index', None)
            if expected is None:
                continue
            for field, found in (*_model_fields(model),
                                 *_pipeline_fields(leaf, name)):
                if found != expected:
                    raise ValueError(
                        f'{field} is {found}, but {name} ignores {expected}: '
                        'set it, or padding is learnt and a class ignored.')


def _model_fields(model) -> Iterator[Tuple[str, int]]:
    preprocessor = getattr(model, 'data_preprocessor', None)
    if hasattr(preprocessor, 'seg_pad_val'):
        yield 'model.data_preprocessor.seg_pad_val', preprocessor.seg_pad_val
    for field, head in walk_heads(model):
        yield f'{field}.ignore_index', head.ignore_index


def _pipeline_fields(dataset, name: str) -> Iterator[Tuple[str, int]]:
    for transform in pipeline_transforms(dataset):
        kind = f'{name}.pipeline {type(transform).__name__}'
        for key in ('ignore_index', 'seg_pad_val'):
            if hasattr(transform, key):
                yield f'{kind}.{key}', getattr(transform, key)
        pad_val = getattr(transform, 'pad_val', None)
        if isinstance(pad_val, dict) and 'seg' in pad_val:
            yield f'{kind}.pad_val.seg', pad_val['seg']
