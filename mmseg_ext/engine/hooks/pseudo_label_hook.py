import logging
from typing import Dict, Optional

import numpy as np
import torch.nn as nn
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmseg.registry import HOOKS

from ...visualization.branch_sheet import branch_panels
from ...visualization.image_sheet import draw_sheet
from ...visualization.pseudo_label_sheet import draw_pseudo_labels
from ..utils import unwrap_model
from .pseudo_label_warnings import PseudoLabelWarnings
from .sheets import classes_and_palette, image_statistics, save_sheet


@HOOKS.register_module()
class PseudoLabelHook(Hook):
    """Show and measure the pseudo labels of any teacher method.

    Sheets: at the first iteration of a training every branch of the batch
    after augmentation, with labels where there are; at intervals, and at the
    first iteration of each stage with a teacher, the views, the teacher's
    labels, the kept ones, the student's prediction and, where the algorithm
    gives them, truth and error score. They go to ``vis_data/pseudo_labels``
    in the log folder and to the visualiser's backends.

    Scalars for the backends, over the iterations since the last ones:
    ``pseudo/share/<class>`` (of all predictions), ``pseudo/kept_ratio/
    <class>`` (of the class's predictions), ``pseudo/confidence/<class>``
    (mean), and ``pseudo/kept_ratio``.

    Warnings, once each: when no pixel is kept, and for a class that has
    vanished from the kept labels (:class:`PseudoLabelWarnings`).

    Args:
        interval (int): Iterations between sheets. Defaults to 1000.
        num_images (int): Images on a sheet at most. Defaults to 4.
        log_interval (int): Iterations between scalars. Defaults to 50.
        patience (int): Number of log intervals without a kept pixel after
            which a class counts as vanished. Defaults to 4.
    """

    # Ahead of the logger, behind the stage hook.
    priority = 'NORMAL'

    def __init__(self,
                 interval: int = 1000,
                 num_images: int = 4,
                 log_interval: int = 50,
                 patience: int = 4) -> None:
        for name, value in (('interval', interval), ('num_images', num_images),
                            ('log_interval', log_interval), ('patience',
                                                             patience)):
            if value < 1:
                raise ValueError(f'PseudoLabelHook.{name} is {value}: '
                                 'expected an integer >= 1.')
        self.interval = interval
        self.num_images = num_images
        self.log_interval = log_interval
        self.patience = patience
        self._warnings: Optional[PseudoLabelWarnings] = None

    def before_train(self, runner) -> None:
        """Check the algorithm; read class names and colours."""
        algorithm = unwrap_model(runner.model)
        if not hasattr(algorithm, 'pseudo_label_statistics'):
            raise TypeError(
                'PseudoLabelHook needs an algorithm with pseudo labels, but '
                f'model is {type(algorithm).__name__}: remove the hook from '
                'default_hooks.')
        self.classes, self.palette = classes_and_palette(
            runner, algorithm.pseudo_label_statistics.num_classes)
        self._warnings = PseudoLabelWarnings(self.classes, self.patience)

    def before_train_iter(self,
                          runner,
                          batch_idx: int,
                          data_batch=None) -> None:
        """Draw the batch at step 0; ask for a capture where one is due."""
        if not is_main_process():
            return
        algorithm = unwrap_model(runner.model)
        if runner.iter == 0:
            # Now: the preprocessor pads the labels in place.
            self._draw_branches(runner, algorithm, data_batch)
        algorithm.capture_pseudo_labels = (
            algorithm.teacher_active
            and (runner.iter % self.interval == 0
                 or runner.iter == runner.message_hub.get_info('stage_begin')))

    def after_train_iter(self,
                         runner,
                         batch_idx: int,
                         data_batch=None,
                         outputs=None) -> None:
        """Draw what was captured; log the statistics where due."""
        algorithm = unwrap_model(runner.model)
        captured = algorithm.captured_pseudo_labels
        if captured is not None:
            self._save(
                runner, 'pseudo_labels',
                draw_pseudo_labels(
                    captured,
                    self.classes,
                    self.palette,
                    num_images=self.num_images,
                    **image_statistics(algorithm.data_preprocessor)))
        algorithm.capture_pseudo_labels = False
        algorithm.captured_pseudo_labels = None
        if algorithm.teacher_active and self.every_n_train_iters(
                runner, self.log_interval):
            self._log(runner, algorithm.pseudo_label_statistics)

    def _log(self, runner, statistics) -> None:
        summary = {k: v.tolist() for k, v in statistics.summary().items()}
        statistics.reset()
        predicted, kept = sum(summary['predicted']), sum(summary['kept'])
        scalars: Dict[str, float] = {
            'pseudo/kept_ratio': kept / max(predicted, 1)
        }
        for i, name in enumerate(self.classes):
            for key in ('share', 'kept_ratio', 'confidence'):
                # A ratio of no prediction at all would be a made-up zero.
                if key == 'share' or summary['predicted'][i] > 0:
                    scalars[f'pseudo/{key}/{name}'] = summary[key][i]
        runner.visualizer.add_scalars(scalars, step=runner.iter + 1)
        for message in self._warnings.update(summary['predicted'],
                                             summary['kept']):
            print_log(
                f'Iteration {runner.iter + 1}: {message}',
                logger='current',
                level=logging.WARNING)

    def _draw_branches(self, runner, algorithm: nn.Module, batch) -> None:
        inputs, samples = batch['inputs'], batch['data_samples']
        if not isinstance(inputs, dict):
            inputs, samples = dict(images=inputs), dict(images=samples)
        # Each sample has an entry in every branch, None where it has none.
        present = {
            branch: [i for i, image in enumerate(images) if image is not None]
            for branch, images in inputs.items()
        }
        rows = []
        for i in range(self.num_images):
            part = {
                branch: where[i]
                for branch, where in present.items() if i < len(where)
            }
            rows.append(
                branch_panels(
                    dict(
                        inputs={
                            b: inputs[b][j]
                            for b, j in part.items()
                        },
                        data_samples={
                            b: samples[b][j]
                            for b, j in part.items()
                        }), self.palette))
        rows = [row for row in rows if row]
        if rows:
            self._save(runner, 'branches', draw_sheet(rows))

    @staticmethod
    def _save(runner, name: str, sheet: np.ndarray) -> None:
        step = runner.iter + 1
        save_sheet(runner, 'pseudo_labels', f'{name}_iter_{step}', sheet, step,
                   name)
