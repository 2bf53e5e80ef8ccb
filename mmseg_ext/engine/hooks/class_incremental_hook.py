from typing import Dict, List, Optional

from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.hooks import Hook
from mmengine.runner import CheckpointLoader, find_latest_checkpoint
from mmseg.registry import HOOKS

from ...datasets.class_incremental_dataset import ClassIncrementalDataset
from ...datasets.dataset_tree import pipeline_transforms, walk_datasets
from ...datasets.memory_bank import MemoryBank
from ...datasets.transforms import MemoryCopyPaste
from ..utils import unwrap_model

KEY = 'class_incremental'


@HOOKS.register_module()
class ClassIncrementalHook(Hook):
    """Holds model, checkpoint, memory bank and masks of a step together.

    Ahead of the first iteration it refuses a ``load_from`` whose classes are
    not those of the previous step in their order, a bank of another task or
    with broken files, and a bank or masks that differ from those that a
    resumed run began with.

    Raises:
        ValueError: If they do not fit; names what and why.
    """

    def __init__(self) -> None:
        self._resumed: Optional[dict] = None

    def before_run(self, runner) -> None:
        """Begin the run where ``--resume`` finds none to go on with.

        Stock takes ``load_from`` for the checkpoint to resume from, which
        names the previous step here, with its optimiser.
        """
        path = getattr(runner, '_load_from', None)
        if (not getattr(runner, '_resume', False) or path is None
                or find_latest_checkpoint(runner.work_dir) is not None):
            return
        leaf = self._leaf(runner)
        checkpoint = CheckpointLoader.load_checkpoint(path, 'cpu')
        if leaf is not None and self._classes(checkpoint) != list(
                leaf.metainfo['classes']):
            runner._resume = False

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Compare the classes of the previous step; keep a run's sources."""
        if KEY in checkpoint and getattr(runner, '_resume', False):
            self._resumed = checkpoint[KEY]
            return
        leaf = self._leaf(runner)
        if leaf is None or leaf.step == 0:
            return
        fault = self._count_fault(unwrap_model(runner.model), leaf)
        if fault:
            raise ValueError(fault)
        found = self._classes(checkpoint)
        previous = list(leaf.task.classes(leaf.step - 1))
        if found and found not in (previous, list(leaf.metainfo['classes'])):
            raise ValueError(
                f'The checkpoint that load_from names has the classes {found}'
                f', but those of the previous step are {previous}: give the '
                'checkpoint of that step, of the same task.')

    def before_train(self, runner) -> None:
        """Check everything, on all ranks alike."""
        model = unwrap_model(runner.model)
        leaf = self._leaf(runner)
        if leaf is None:
            raise ValueError('ClassIncrementalHook needs one training data '
                             'set of type ClassIncrementalDataset.')
        message = [
            self._find_fault(runner, model, leaf)
            if is_main_process() else None
        ]
        broadcast_object_list(message)
        if message[0]:
            raise ValueError(message[0])
        if hasattr(model, 'class_names'):
            model.class_names = list(leaf.metainfo['classes'])

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Tell what the run learns from."""
        leaf = self._leaf(runner)
        if leaf is not None:
            checkpoint[KEY] = self._sources(leaf)

    def _find_fault(self, runner, model, leaf) -> Optional[str]:
        fault = self._count_fault(model, leaf)
        if fault:
            return fault
        classes = leaf.metainfo['classes']
        old = getattr(model, 'num_old', None)
        if getattr(model, 'previous',
                   None) is not None and not (model.has_previous):
            return (f'{type(model).__name__} begins from the previous step, '
                    'but load_from names no checkpoint of it: set load_from.')
        try:
            for bank in self._banks(leaf):
                bank.check_classes(classes)
                if old is not None and len(bank.classes) > old:
                    return (f'MemoryCopyPaste.bank {bank.folder} holds the '
                            f'classes {list(bank.classes[old:])}, which are '
                            'new in this step: give the bank of the previous '
                            'step.')
                bank.verify()
        except ValueError as error:
            return str(error)
        if self._resumed is not None:
            for name, value in self._sources(leaf).items():
                if self._resumed.get(name) != value:
                    return (f'The run began with another {name} than it is '
                            f'resumed with ({self._resumed.get(name)} and '
                            f'{value}): give the former, or start anew.')
        return None

    @staticmethod
    def _count_fault(model, leaf) -> Optional[str]:
        old = getattr(model, 'num_old', None)
        expected = len(leaf.task.classes(leaf.step - 1)) if leaf.step else 0
        if old is None or old == expected:
            return None
        return (f'model.num_old_classes is {old}, but before step {leaf.step} '
                f'of the task {leaf.task.name!r} there are {expected} '
                'classes: set step or num_old_classes.')

    @staticmethod
    def _classes(checkpoint: dict) -> List[str]:
        meta = checkpoint.get('meta', {}).get('dataset_meta') or {}
        return list(meta.get('classes') or ())

    @staticmethod
    def _leaf(runner) -> Optional[ClassIncrementalDataset]:
        loop = getattr(runner, '_train_loop', None)
        if loop is None or isinstance(loop, dict):  # a run that only tests
            return None
        loader = runner.train_dataloader
        leaves = [leaf for _, leaf in walk_datasets(loader.dataset)]
        if len(leaves) != 1 or not isinstance(leaves[0],
                                              ClassIncrementalDataset):
            return None
        return leaves[0]

    @staticmethod
    def _banks(leaf) -> List[MemoryBank]:
        return [
            transform.bank for transform in pipeline_transforms(leaf)
            if isinstance(transform, MemoryCopyPaste)
            and transform.bank is not None
        ]

    def _sources(self, leaf) -> Dict[str, object]:
        return dict(
            memory_bank=[bank.fingerprint for bank in self._banks(leaf)],
            pseudo_masks=leaf.pseudo_mask_recipe)
