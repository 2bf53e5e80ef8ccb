from typing import Optional, Sequence

import mmcv
import torch
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.model import BaseTTAModel
from mmseg.registry import HOOKS

from ...visualization.error_localization_sheet import error_localization_row
from ...visualization.image_sheet import draw_sheet
from ..utils import unwrap_model
from .sheets import save_sheet


@HOOKS.register_module()
class ELNVisualizationHook(Hook):
    """Draw what the error localization network makes of labelled images.

    One row an image: image, ground truth, prediction (of the teacher once it
    is in use, else of the student), true errors, localised errors, and the
    pseudo label that is kept. Drawn at each validation and test (but not
    with test-time augmentation, which has no single prediction) into
    ``vis_data/error_localization`` of the log folder and into the
    visualiser's backends.

    Args:
        num_images (int): Rows at most, from batches that lie evenly over the
            data. Defaults to 4.

    Raises:
        ValueError: If ``num_images`` is not positive.
        TypeError: If the algorithm does not localise errors.
    """

    def __init__(self, num_images: int = 4) -> None:
        if num_images < 1:
            raise ValueError('ELNVisualizationHook.num_images is '
                             f'{num_images}: expected an integer >= 1.')
        self.num_images = num_images
        self._rows: list = []
        self._chosen: set = set()
        self._draws = True

    def before_run(self, runner) -> None:
        """Check the algorithm."""
        algorithm = unwrap_model(runner.model)
        self._draws = not isinstance(runner.model, BaseTTAModel)
        if self._draws and not hasattr(algorithm, 'localize_errors'):
            raise TypeError(
                'ELNVisualizationHook needs an algorithm that localises '
                f'errors, but model is {type(algorithm).__name__}: remove '
                'the hook.')

    def before_val_epoch(self, runner) -> None:
        """Choose the images; none before the filter has begun to learn."""
        algorithm = unwrap_model(runner.model)
        learns = (
            algorithm.stage is None
            or algorithm.stage != algorithm.stage_names[0])
        self._choose(runner.val_dataloader if learns else ())

    def before_test_epoch(self, runner) -> None:
        """Choose the images."""
        self._choose(runner.test_dataloader if self._draws else ())

    def _choose(self, dataloader) -> None:
        self._rows = []
        # evenly over the data: neighbours in a video look alike
        count = min(self.num_images, len(dataloader))
        self._chosen = {len(dataloader) * i // count for i in range(count)}

    def _after_iter(self,
                    runner,
                    batch_idx: int,
                    data_batch: Optional[dict] = None,
                    outputs: Optional[Sequence] = None,
                    mode: str = 'val') -> None:
        missing = self.num_images - len(self._rows)
        if (mode == 'train' or missing <= 0 or not is_main_process()
                or batch_idx not in self._chosen):
            return
        algorithm = unwrap_model(runner.model)
        role = 'teacher' if (algorithm.stage is not None
                             and algorithm.teacher_active) else 'student'
        palette = runner.visualizer.dataset_meta['palette']
        for sample in self._judge(algorithm, role, data_batch)[:missing]:
            if 'gt_sem_seg' not in sample:
                continue
            truth = sample.gt_sem_seg.data[0].cpu().numpy()
            # that of the network is resized and normalised
            image = mmcv.imread(sample.img_path, channel_order='rgb')
            image = mmcv.imresize(image, truth.shape[::-1])
            self._rows.append(
                error_localization_row(
                    image,
                    truth,
                    sample.pred_sem_seg.data[0].cpu().numpy(),
                    sample.pred_valid.data[0].cpu().numpy(),
                    palette,
                    predicted_by=role))

    @staticmethod
    @torch.no_grad()
    def _judge(algorithm, role: str, data_batch: dict) -> list:
        data = algorithm.data_preprocessor(data_batch, False)
        before = algorithm.localize_errors
        algorithm.localize_errors = True
        try:
            with algorithm.predict_on(role):
                return algorithm.predict(data['inputs'], data['data_samples'])
        finally:
            algorithm.localize_errors = before

    def _after_epoch(self, runner, mode: str = 'val') -> None:
        if not self._rows or mode == 'train':
            return
        sheet = draw_sheet(self._rows)
        step = int(runner.message_hub.get_info('iter', -1)) + 1
        save_sheet(runner, 'error_localization', f'{mode}_iter_{step}', sheet,
                   step, f'error_localization_{mode}')
        self._rows = []
