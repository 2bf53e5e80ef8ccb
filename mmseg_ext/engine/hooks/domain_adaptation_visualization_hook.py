import logging

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmseg.registry import HOOKS

from ...visualization.domain_sheet import draw_domains
from ..utils import unwrap_model
from .sheets import classes_and_palette, image_statistics, save_sheet

# Less of the pixels than this, and a class counts as not predicted.
_PRESENT = 1e-4


@HOOKS.register_module()
class DomainAdaptationVisualizationHook(Hook):
    """Show and measure what an adaptation does to source and target.

    Sheets: at the first iteration, at intervals, and at the first iteration
    of each stage, images of both domains after augmentation, with the source's
    labels, the prediction, its entropy, and how sure each discriminator is of
    the target. They go to ``vis_data/domains`` in the log folder and to the
    visualiser's backends.

    Scalars for the backends, over the iterations since the last ones:
    ``<domain>/share/<class>``, the share of the class among all predictions
    of a domain, and ``<domain>/predicted_classes``, their number. The mean
    entropies are among the figures of :class:`DomainAdaptation`.

    Warning, once: when the target's prediction has collapsed to half of the
    classes that it had, and that the source's has.

    Args:
        interval (int): Iterations between sheets. Defaults to 1000.
        num_images (int): Images of a domain on a sheet at most. Defaults to
            4.
        log_interval (int): Iterations between scalars. Defaults to 50.

    Raises:
        ValueError: If an argument is not positive.
        TypeError: If the algorithm is none of domain adaptation.
    """

    # Ahead of the logger, behind the stage hook.
    priority = 'NORMAL'

    def __init__(self,
                 interval: int = 1000,
                 num_images: int = 4,
                 log_interval: int = 50) -> None:
        for name, value in (('interval', interval), ('num_images', num_images),
                            ('log_interval', log_interval)):
            if value < 1:
                raise ValueError(
                    f'DomainAdaptationVisualizationHook.{name} is {value}: '
                    'expected an integer >= 1.')
        self.interval = interval
        self.num_images = num_images
        self.log_interval = log_interval
        self._most_classes = 0
        self._warned = False

    def before_train(self, runner) -> None:
        """Check the algorithm; read class names and colours."""
        algorithm = unwrap_model(runner.model)
        if not hasattr(algorithm, 'captured_domains'):
            raise TypeError(
                'DomainAdaptationVisualizationHook needs an algorithm of '
                f'domain adaptation, but model is {type(algorithm).__name__}: '
                'remove the hook.')
        self.classes, self.palette = classes_and_palette(
            runner, len(algorithm.prediction_statistics['target'].counts))

    def before_train_iter(self,
                          runner,
                          batch_idx: int,
                          data_batch=None) -> None:
        """Ask for a capture where one is due."""
        unwrap_model(runner.model).capture_domains = is_main_process() and (
            runner.iter % self.interval == 0
            or runner.iter == runner.message_hub.get_info('stage_begin'))

    def after_train_iter(self,
                         runner,
                         batch_idx: int,
                         data_batch=None,
                         outputs=None) -> None:
        """Draw what was captured; log the statistics where due."""
        algorithm = unwrap_model(runner.model)
        captured = algorithm.captured_domains
        algorithm.capture_domains = False
        algorithm.captured_domains = None
        if captured:
            self._draw(runner, algorithm.data_preprocessor, captured)
        if self.every_n_train_iters(runner, self.log_interval):
            self._log(runner, algorithm.prediction_statistics)

    def _draw(self, runner, preprocessor, captured: dict) -> None:
        sheet = draw_domains(
            captured,
            self.classes,
            self.palette,
            num_images=self.num_images,
            **image_statistics(preprocessor))
        step = runner.iter + 1
        save_sheet(runner, 'domains', f'iter_{step}', sheet, step)

    def _log(self, runner, statistics) -> None:
        scalars, predicted = {}, {}
        for domain in statistics:
            # the same on all ranks, which reduce it together
            shares = statistics[domain].shares().tolist()
            statistics[domain].reset()
            if not sum(shares):
                continue  # not forwarded in this stage
            predicted[domain] = sum(share > _PRESENT for share in shares)
            scalars[f'{domain}/predicted_classes'] = predicted[domain]
            for name, share in zip(self.classes, shares):
                scalars[f'{domain}/share/{name}'] = share
        if 'target' in predicted:
            self._watch(runner, **predicted)
        runner.visualizer.add_scalars(scalars, step=runner.iter + 1)

    def _watch(self, runner, source: int, target: int) -> None:
        self._most_classes = max(self._most_classes, target)
        if self._warned or 2 * target > min(self._most_classes, source):
            return
        self._warned = True
        print_log(
            f'Iteration {runner.iter + 1}: the prediction on the target has '
            f'collapsed from {self._most_classes} to {target} classes: '
            'lower loss_weight of model.target_losses and model.adversaries.',
            logger='current',
            level=logging.WARNING)
