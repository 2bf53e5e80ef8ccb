import copy
from typing import Dict, List, Sequence, Union

import torch
from mmengine.evaluator import Evaluator
from mmengine.hooks import CheckpointHook, EarlyStoppingHook, Hook
from mmengine.logging import print_log
from mmengine.runner import ValLoop
from mmengine.runner.amp import autocast
from mmseg.registry import LOOPS
from torch.utils.data import DataLoader

from ..utils import unwrap_model

BEST_KEY = 'best_metrics'


@LOOPS.register_module()
class TeacherStudentValLoop(ValLoop):
    """Evaluate student and teacher in one pass over the validation data.

    Metrics are named ``student/mIoU`` and ``teacher/mIoU``, so that
    ``save_best='student/mIoU'`` works. The teacher takes part only while
    ``algorithm.teacher_active``: before that it holds nothing to look at. A
    model without a teacher is evaluated as by the stock loop, under the plain
    names. Hooks after an iteration see the student's predictions.

    After each validation one line a network tells the last and the best value
    with their iterations. The best is kept in the message hub as
    ``best_metrics`` and so survives a resume.

    Args:
        runner (Runner): The runner.
        dataloader (DataLoader or dict): Validation data.
        evaluator (Evaluator or dict or list): Metrics; each network gets a
            copy of its own.
        fp16 (bool): Whether to run under autocast. Defaults to False.
        report (str or Sequence[str]): Metrics to tell last and best of;
            higher is better. Defaults to 'mIoU'.

    Raises:
        ValueError: If a hook waits for a metric without the network's name.
    """

    def __init__(self,
                 runner,
                 dataloader: Union[DataLoader, Dict],
                 evaluator: Union[Evaluator, Dict, List],
                 fp16: bool = False,
                 report: Union[str, Sequence[str]] = 'mIoU') -> None:
        super().__init__(runner, dataloader, evaluator, fp16)
        self.report = (report, ) if isinstance(report, str) else tuple(report)
        self.has_teacher = hasattr(self._algorithm, 'predict_on')
        if self.has_teacher:
            _check_names(runner.hooks)
            self.evaluator = _RoleEvaluators({
                # Student last: both write into the same data samples, and
                # the hooks that follow shall see the student's.
                role:
                copy.deepcopy(self.evaluator)
                for role in ('teacher', 'student')
            })

    @property
    def _algorithm(self):
        return unwrap_model(self.runner.model)

    def run(self) -> dict:
        """Validate.

        Returns:
            dict: Metrics of all networks.
        """
        if not self.has_teacher:
            return super().run()
        teacher = ('teacher', ) if self._algorithm.teacher_active else ()
        self.evaluator.roles = (*teacher, 'student')
        self.evaluator.on_metrics = self._keep_best
        metrics = super().run()
        self._log_last_and_best(metrics)
        return metrics

    @torch.no_grad()
    def run_iter(self, idx: int, data_batch: Sequence[dict]) -> None:
        """Predict one batch with every network.

        Args:
            idx (int): Index of the batch.
            data_batch (dict): Batch from the data loader.
        """
        if not self.has_teacher:
            super().run_iter(idx, data_batch)
            return
        self.runner.call_hook(
            'before_val_iter', batch_idx=idx, data_batch=data_batch)
        for role in self.evaluator.roles:
            with autocast(enabled=self.fp16), self._algorithm.predict_on(role):
                outputs = self.runner.model.val_step(data_batch)
            self.evaluator.process_role(role, outputs, data_batch)
        self.runner.call_hook(
            'after_val_iter',
            batch_idx=idx,
            data_batch=data_batch,
            outputs=outputs)

    def _iteration(self) -> int:
        # ``runner.iter`` builds the train loop where there is none.
        return int(self.runner.message_hub.get_info('iter', -1)) + 1

    def _keep_best(self, metrics: Dict[str, float]) -> None:
        """Update the best values ahead of the hooks that save them."""
        hub = self.runner.message_hub
        best = dict(hub.get_info(BEST_KEY, {}))
        for name, value in metrics.items():
            if name.split('/',
                          1)[1] in self.report and (name not in best
                                                    or value > best[name][0]):
                best[name] = (float(value), self._iteration())
        hub.update_info(BEST_KEY, best)

    def _log_last_and_best(self, metrics: Dict[str, float]) -> None:
        best = self.runner.message_hub.get_info(BEST_KEY)
        for name in best:
            if name in metrics:
                value, iteration = best[name]
                print_log(
                    f'{name}: last {metrics[name]:.4g} (iteration '
                    f'{self._iteration()}), best {value:.4g} (iteration '
                    f'{iteration}).',
                    logger='current')


def _check_names(hooks: Sequence[Hook]) -> None:
    """Raise for a hook that will not find the metric that it is to watch."""
    for hook in hooks:
        name = type(hook).__name__
        if isinstance(hook, CheckpointHook):
            field, watched = 'save_best', hook.save_best or []
        elif isinstance(hook, EarlyStoppingHook):
            field, watched = 'monitor', hook.monitor
        else:
            continue
        for metric in [watched] if isinstance(watched, str) else watched:
            if metric != 'auto' and '/' not in metric:
                raise ValueError(
                    f'{name}.{field} names {metric!r}, but '
                    'TeacherStudentValLoop tells metrics of two networks: '
                    f"set it to 'student/{metric}' or 'teacher/{metric}'.")


class _RoleEvaluators:
    """One evaluator a network behind the interface that ValLoop calls.

    Args:
        evaluators (dict[str, Evaluator]): Evaluators by role.
    """

    def __init__(self, evaluators: Dict[str, Evaluator]) -> None:
        self.evaluators = evaluators
        self.roles: Sequence[str] = tuple(evaluators)
        self.on_metrics = None

    @property
    def metrics(self) -> list:
        """list: All metrics of all roles."""
        return [m for e in self.evaluators.values() for m in e.metrics]

    @property
    def dataset_meta(self) -> dict:
        """dict: Meta information of the validation data."""
        return self.evaluators['student'].dataset_meta

    def process_role(self, role: str, data_samples, data_batch) -> None:
        """Feed the predictions of one network to its metrics."""
        self.evaluators[role].process(
            data_samples=data_samples, data_batch=data_batch)

    def evaluate(self, size: int) -> Dict[str, float]:
        """Compute the metrics of the networks that took part.

        Args:
            size (int): Number of validation images.

        Returns:
            dict: Metrics under ``<role>/<metric>``, student first.
        """
        metrics = {
            f'{role}/{name}': value
            for role in reversed(self.roles)
            for name, value in self.evaluators[role].evaluate(size).items()
        }
        if self.on_metrics is not None:
            self.on_metrics(metrics)
        return metrics
