from typing import Dict, List, Optional, Union

import torch
from mmengine.evaluator import Evaluator
from mmengine.runner import ValLoop
from mmengine.runner.amp import autocast
from mmseg.registry import LOOPS
from torch.utils.data import DataLoader

from ..stop_signal import keep_workers
from ..utils import release_workers


@LOOPS.register_module()
class SourceTargetValLoop(ValLoop):
    """Evaluate on the target, and on the source under names of its own.

    What an adaptation gains on the target it may cost on the source. Figures
    of the target have their plain names, so that ``save_best='mIoU'`` is that
    of the target; those of the source are named ``source/mIoU``. Hooks around
    an iteration see the images of the target alone, those after the
    validation all figures.

    Args:
        runner (Runner): The runner.
        dataloader (DataLoader or dict): Images of the target.
        evaluator (Evaluator or dict or list): Metrics of the target.
        source_dataloader (DataLoader or dict, optional): Images of the source
            that are not trained on. Defaults to None, which evaluates the
            target alone.
        source_evaluator (Evaluator or dict or list, optional): Metrics of the
            source. Defaults to None, which is the stock ``IoUMetric``.
        fp16 (bool): Whether to run under autocast. Defaults to False.

    Raises:
        ValueError: If the source has other classes than the target.
    """

    def __init__(self,
                 runner,
                 dataloader: Union[DataLoader, Dict],
                 evaluator: Union[Evaluator, Dict, List],
                 source_dataloader: Union[DataLoader, Dict, None] = None,
                 source_evaluator: Union[Evaluator, Dict, List, None] = None,
                 fp16: bool = False) -> None:
        super().__init__(runner, dataloader, evaluator, fp16)
        self.source_dataloader: Optional[DataLoader] = None
        if source_dataloader is None:
            return
        if isinstance(source_dataloader, dict):
            source_dataloader = runner.build_dataloader(
                source_dataloader, seed=runner.seed)
        if not isinstance(source_evaluator, Evaluator):
            source_evaluator = runner.build_evaluator(
                source_evaluator or dict(type='IoUMetric'))
        keep_workers(source_dataloader)
        self.source_dataloader = source_dataloader
        self.source_evaluator = source_evaluator
        meta = getattr(source_dataloader.dataset, 'metainfo', None)
        _check_classes(meta, getattr(self.dataloader.dataset, 'metainfo',
                                     None))
        source_evaluator.dataset_meta = meta
        # the target's figures and the source's, ahead of the hooks
        self.evaluator = _WithSource(self.evaluator, self.evaluate_source)

    @torch.no_grad()
    def evaluate_source(self) -> Dict[str, float]:
        """Predict the images of the source and compute their figures.

        Returns:
            dict[str, float]: Under ``source/<metric>``.
        """
        for data_batch in self.source_dataloader:
            with autocast(enabled=self.fp16):
                outputs = self.runner.model.val_step(data_batch)
            self.source_evaluator.process(
                data_samples=outputs, data_batch=data_batch)
        metrics = self.source_evaluator.evaluate(
            len(self.source_dataloader.dataset))
        # idle until the next validation
        release_workers(self.source_dataloader)
        return {f'source/{name}': value for name, value in metrics.items()}


class _WithSource:
    """The target's evaluator, which adds the figures of the source.

    Args:
        evaluator (Evaluator): The target's.
        evaluate_source (Callable): Gives the figures of the source.
    """

    def __init__(self, evaluator: Evaluator, evaluate_source) -> None:
        self._evaluator = evaluator
        self._evaluate_source = evaluate_source

    def __getattr__(self, name: str):
        return getattr(self._evaluator, name)

    def evaluate(self, size: int) -> Dict[str, float]:
        """Compute the figures of both domains."""
        return {**self._evaluator.evaluate(size), **self._evaluate_source()}


def _check_classes(source: Optional[dict], target: Optional[dict]) -> None:
    source, target = (
        tuple((meta or {}).get('classes') or ()) for meta in (source, target))
    if source and target and source != target:
        raise ValueError(
            'val_cfg.source_dataloader.dataset has the classes '
            f'{", ".join(source)}, but val_dataloader.dataset has '
            f'{", ".join(target)}: both must be the same.')
