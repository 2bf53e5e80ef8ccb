from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmseg.registry import HOOKS

from ...visualization.translation_sheet import draw_translations
from ..utils import unwrap_model
from .sheets import save_sheet


@HOOKS.register_module()
class TranslationVisualizationHook(Hook):
    """Show what generators make of the images that they train on.

    Sheets, at the first iteration and at intervals: images of both domains,
    their translation and what comes back. They go to ``vis_data/translations``
    in the log folder and to the visualiser's backends.

    Args:
        interval (int): Iterations between sheets. Defaults to 1000.
        num_images (int): Images of a domain on a sheet at most. Defaults to
            4.

    Raises:
        ValueError: If an argument is not positive.
        TypeError: If the model does not translate.
    """

    priority = 'NORMAL'

    def __init__(self, interval: int = 1000, num_images: int = 4) -> None:
        for name, value in (('interval', interval), ('num_images',
                                                     num_images)):
            if value < 1:
                raise ValueError(f'TranslationVisualizationHook.{name} is '
                                 f'{value}: expected an integer >= 1.')
        self.interval = interval
        self.num_images = num_images

    def before_train(self, runner) -> None:
        """Check the model."""
        model = unwrap_model(runner.model)
        if not hasattr(model, 'captured_translations'):
            raise TypeError(
                'TranslationVisualizationHook needs a model that translates, '
                f'but model is {type(model).__name__}: remove the hook.')

    def before_train_iter(self,
                          runner,
                          batch_idx: int,
                          data_batch=None) -> None:
        """Ask for a capture where one is due."""
        unwrap_model(runner.model).capture_translations = (
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
        captured = model.captured_translations
        model.capture_translations = False
        model.captured_translations = None
        if not captured:
            return
        sheet = draw_translations(captured, model.data_preprocessor,
                                  self.num_images)
        step = runner.iter + 1
        save_sheet(runner, 'translations', f'iter_{step}', sheet, step)
