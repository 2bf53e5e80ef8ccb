from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmseg.registry import HOOKS

from ...visualization.incremental_sheet import draw_incremental
from ..utils import unwrap_model
from .sheets import classes_and_palette, image_statistics, save_sheet


@HOOKS.register_module()
class IncrementalVisualizationHook(Hook):
    """Show what the student of an incremental step learns from.

    Sheets, at the first iteration and at intervals: images with what was
    pasted, masks, labels of old model and teacher, and the target. They go to
    ``vis_data/incremental`` in the log folder and to the visualiser's
    backends.

    Args:
        interval (int): Iterations between sheets. Defaults to 1000.
        num_images (int): Images on a sheet at most. Defaults to 4.

    Raises:
        ValueError: If an argument is not positive.
        TypeError: If the model is no :class:`WeaklyIncremental`.
    """

    priority = 'NORMAL'

    def __init__(self, interval: int = 1000, num_images: int = 4) -> None:
        for name, value in dict(
                interval=interval, num_images=num_images).items():
            if value < 1:
                raise ValueError(f'IncrementalVisualizationHook.{name} is '
                                 f'{value}: expected an integer >= 1.')
        self.interval = interval
        self.num_images = num_images

    def before_train(self, runner) -> None:
        """Check the model."""
        model = unwrap_model(runner.model)
        if not hasattr(model, 'captured_targets'):
            raise TypeError('IncrementalVisualizationHook needs a '
                            f'WeaklyIncremental, but model is '
                            f'{type(model).__name__}: remove the hook.')

    def before_train_iter(self,
                          runner,
                          batch_idx: int,
                          data_batch=None) -> None:
        """Ask for a capture where one is due."""
        unwrap_model(runner.model).capture_targets = (
            is_main_process()
            and (runner.iter == 0
                 or self.every_n_train_iters(runner, self.interval)))

    def after_train_iter(self,
                         runner,
                         batch_idx: int,
                         data_batch=None,
                         outputs=None) -> None:
        """Draw what was captured."""
        model = unwrap_model(runner.model)
        captured = model.captured_targets
        model.capture_targets = False
        model.captured_targets = None
        if not captured:
            return
        classes, palette = classes_and_palette(runner, model.num_classes)
        sheet = draw_incremental(
            captured,
            classes,
            palette,
            num_images=self.num_images,
            **image_statistics(model.data_preprocessor))
        save_sheet(runner, 'incremental', f'iter_{runner.iter + 1}', sheet,
                   runner.iter + 1)
