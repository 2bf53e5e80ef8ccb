from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmseg.registry import HOOKS

from ...visualization.denoising_sheet import draw_denoising
from ..utils import unwrap_model
from .sheets import save_sheet


@HOOKS.register_module()
class DenoisingVisualizationHook(Hook):
    """Show clean, noisy and denoised images of a pre-training.

    At the first iteration and at intervals, of the batch that is trained on.
    The sheets go to ``vis_data/denoising`` in the log folder and to the
    visualiser's backends.

    Args:
        interval (int): Iterations between sheets. Defaults to 1000.
        num_images (int): Images on a sheet at most. Defaults to 4.

    Raises:
        ValueError: If an argument is not positive.
        TypeError: If the algorithm is not :class:`DenoisingPretraining`.
    """

    def __init__(self, interval: int = 1000, num_images: int = 4) -> None:
        for name, value in (('interval', interval), ('num_images',
                                                     num_images)):
            if value < 1:
                raise ValueError(f'DenoisingVisualizationHook.{name} is '
                                 f'{value}: expected an integer >= 1.')
        self.interval = interval
        self.num_images = num_images

    def before_train(self, runner) -> None:
        """Check the algorithm."""
        model = unwrap_model(runner.model)
        if not hasattr(model, 'captured_denoising'):
            raise TypeError(
                'DenoisingVisualizationHook needs DenoisingPretraining, but '
                f'model is {type(model).__name__}: remove the hook.')

    def before_train_iter(self,
                          runner,
                          batch_idx: int,
                          data_batch=None) -> None:
        """Ask for a capture where one is due."""
        unwrap_model(runner.model).capture_denoising = (
            is_main_process() and runner.iter % self.interval == 0)

    def after_train_iter(self,
                         runner,
                         batch_idx: int,
                         data_batch=None,
                         outputs=None) -> None:
        """Draw what was captured."""
        algorithm = unwrap_model(runner.model)
        captured = algorithm.captured_denoising
        algorithm.capture_denoising = False
        algorithm.captured_denoising = None
        if not captured:
            return
        rgb = getattr(algorithm.data_preprocessor, 'channel_conversion', False)
        sheet = draw_denoising(captured, bool(rgb), self.num_images)
        step = runner.iter + 1
        save_sheet(runner, 'denoising', f'iter_{step}', sheet, step)
