from typing import Optional

from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmseg.registry import HOOKS

from ...datasets.class_check import class_faults, evaluation_faults, walk_heads
from ...datasets.label_scan import scan_labels


@HOOKS.register_module()
class LabelScanHook(Hook):
    """Refuses wrong data ahead of the first iteration.

    Reads a few images and labels of every source and of the validation data,
    as ``scan_labels`` tells, and compares the model's ``num_classes`` and the
    classes of both. The first process reads; all of them raise.

    Args:
        max_images (int): Images to read of each source. Defaults to 16.
        check_sizes (bool): Whether image and label must have one size. False
            is for pipelines that resize both alike. Defaults to True.

    Raises:
        ValueError: If something is wrong; names the file or config field.
    """

    def __init__(self, max_images: int = 16, check_sizes: bool = True) -> None:
        if max_images < 0:
            raise ValueError('LabelScanHook.max_images must be >= 0, but got '
                             f'{max_images}.')
        self.max_images = max_images
        self.check_sizes = check_sizes

    def before_train(self, runner) -> None:
        """Scan the data.

        Args:
            runner (Runner): The runner.
        """
        message = [self._find_faults(runner) if is_main_process() else None]
        broadcast_object_list(message)
        if message[0] is not None:
            raise ValueError(message[0])

    def _find_faults(self, runner) -> Optional[str]:
        try:
            model = runner.model
            if is_model_wrapper(model):
                model = model.module
            dataset = runner.train_dataloader.dataset
            scanned = {'train_dataloader.dataset': dataset}
            faults = class_faults(model, dataset)
            if getattr(runner, 'val_loop', None) is not None:
                evaluated = runner.val_dataloader.dataset
                faults += evaluation_faults(dataset, evaluated)
                scanned['val_dataloader.dataset'] = evaluated
            counts = [head.num_classes for _, head in walk_heads(model)]
            for field, data in scanned.items():
                for report in scan_labels(
                        data,
                        field,
                        num_classes=counts[0] if counts else None,
                        max_images=self.max_images,
                        check_sizes=self.check_sizes):
                    faults.extend(report.faults)
        except Exception as error:  # else the other ranks would wait forever
            return f'The scan of the data failed with {error!r}.'
        if not faults:
            return None
        more = len(faults) - 1
        return faults[0] + (
            f' ({more} more {"faults" if more > 1 else "fault"}; '
            'tools/check_dataset.py lists all.)' if more else '')
