from typing import Collection, Iterator, Sequence, Tuple

from mmengine.hooks import Hook
from mmseg.registry import HOOKS

from ...datasets.dataset_tree import pipeline_transforms, walk_datasets
from ..utils import unwrap_model


@HOOKS.register_module()
class CheckThingClassesHook(Hook):
    """Refuse a panoptic model that counts other classes than its data.

    Which classes are things is told to the fusion head by number, to the
    transforms and the data set by name. A model that differs trains well and
    then finds instances of stuff. Models without such a head are left alone.

    Raises:
        ValueError: If they differ; names the config fields and the classes.
    """

    def before_train(self, runner) -> None:
        """Check the data that is trained and validated on."""
        self._check(runner, 'train')
        if getattr(runner, 'val_loop', None) is not None:
            self._check(runner, 'val')

    def before_val(self, runner) -> None:
        """Check the data that is validated on."""
        self._check(runner, 'val')

    def before_test(self, runner) -> None:
        """Check the data that is tested on."""
        self._check(runner, 'test')

    def _check(self, runner, mode: str) -> None:
        head = getattr(
            unwrap_model(runner.model), 'panoptic_fusion_head', None)
        is_thing = getattr(head, 'is_thing', None)
        if is_thing is None:
            return
        counted = set(is_thing.nonzero().flatten().tolist())
        loader = getattr(runner, f'{mode}_dataloader')
        for name, leaf in walk_datasets(loader.dataset,
                                        f'{mode}_dataloader.dataset'):
            classes = leaf.metainfo.get('classes') or ()
            if len(classes) != head.num_classes:
                continue  # of that NumClassCheckHook tells
            for field, things in _things(leaf, name, classes, mode):
                if set(things) != counted:
                    raise ValueError(_message(classes, counted, field, things))


def _things(dataset, name: str, classes: Sequence[str],
            mode: str) -> Iterator[Tuple[str, Collection[int]]]:
    """Config fields that tell things, and the ids of these."""
    names = dataset.metainfo.get('thing_classes')
    if names is not None:
        yield f'{name}.metainfo.thing_classes', [
            index for index, entry in enumerate(classes) if entry in names
        ]
    for transform in pipeline_transforms(dataset) if mode == 'train' else ():
        if hasattr(transform, 'thing_ids'):
            kind = type(transform).__name__
            yield f'{name}.pipeline {kind}.thing_classes', transform.thing_ids


def _message(classes: Sequence[str], counted: Collection[int], field: str,
             things: Collection[int]) -> str:

    def listed(ids):
        return ', '.join(
            str(classes[i]) if i < len(classes) else str(i)
            for i in sorted(ids)) or 'nothing'

    return ('model.panoptic_fusion_head.thing_classes counts '
            f'{listed(counted)} (classes {sorted(counted)}), but {field} '
            f'{listed(things)} (classes {sorted(things)}): make them equal.')
