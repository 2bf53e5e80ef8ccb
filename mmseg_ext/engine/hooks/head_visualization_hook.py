from abc import abstractmethod
from typing import Dict, List, Optional, Sequence

import torch.nn.functional as F
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from torch import Tensor, nn

from ...visualization.image_sheet import Panel, draw_sheet
from ..utils import unwrap_model
from .sheets import classes_and_palette, image_statistics, save_sheet


class HeadVisualizationHook(Hook):
    """Base of hooks that show what a decode head sees inside.

    Of the first images of every validation, and of a test, in the first
    forward of each: the first window where the image is slid over. The sheets
    go to ``vis_data/<folder>`` in the log folder and to the visualiser's
    backends. A subclass implements :meth:`is_head`, :meth:`watch` and
    :meth:`draw`.

    Args:
        num_images (int): Images on a sheet at most. Defaults to 4.

    Raises:
        ValueError: If ``num_images`` is not positive.
        TypeError: If the model has no such head.
    """

    folder: str
    wanted: str

    def __init__(self, num_images: int = 4) -> None:
        if num_images < 1:
            raise ValueError(f'{type(self).__name__}.num_images is '
                             f'{num_images}: expected an integer >= 1.')
        self.num_images = num_images
        self._handles: list = []
        self._captured: Dict[str, Tensor] = {}
        self._rows: List[List[Panel]] = []

    # -- for subclasses ----------------------------------------------------

    @abstractmethod
    def is_head(self, module: nn.Module) -> bool:
        """Whether a module is a head of the kind that is shown."""

    @abstractmethod
    def watch(self, head: nn.Module) -> list:
        """Attach hooks that :meth:`keep` maps; return their handles."""

    @abstractmethod
    def draw(self, captured: Dict[str, Tensor], index: int, sample,
             style: dict) -> List[Panel]:
        """Draw the row of an image.

        Args:
            captured (dict[str, Tensor]): What was kept, and ``image``, the
                batch as the backbone saw it.
            index (int): Number of the image in the batch.
            sample (SegDataSample): The prediction for it.
            style (dict): ``mean``, ``std`` and ``rgb`` of the images,
                ``classes`` and ``palette``.

        Returns:
            list[tuple[str, np.ndarray]]: Titled panels.
        """

    def part_seen(self, labels: Tensor, sample, size: Sequence[int]) -> Tensor:
        """Cut from a map of the whole image what the head saw of it.

        Args:
            labels (Tensor): A map of the image as it was loaded, (1, H, W).
            sample (SegDataSample): Its sample.
            size (Sequence[int]): Height and width of what the head saw: the
                image as the pipeline gave it, with padding to the right and
                below, or its first window.

        Returns:
            Tensor: (1, h, w), 255 in the padding.
        """
        shape = sample.metainfo.get('img_shape', size)
        height, width = (
            max(1, round(seen * whole / given))
            for seen, whole, given in zip(size, labels.shape[1:], shape))
        labels = labels[:, :height, :width]
        padding = (0, width - labels.shape[2], 0, height - labels.shape[1])
        return F.pad(labels, padding, value=255)

    def keep(self, name: str, value: Tensor) -> None:
        """Keep the first value of a name."""
        self._captured.setdefault(name, value.detach())

    # -- hook --------------------------------------------------------------

    def before_run(self, runner) -> None:
        """Check the model."""
        self._find(runner)

    def before_val_epoch(self, runner) -> None:
        """Begin a sheet."""
        self._rows = []

    before_test_epoch = before_val_epoch

    def before_val_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        """Watch the head while images are wanted."""
        self._release()
        if not is_main_process() or len(self._rows) >= self.num_images:
            return
        segmentor, head = self._find(runner)
        self._handles = [
            segmentor.backbone.register_forward_pre_hook(
                lambda module, args: self.keep('image', args[0])),
            *self.watch(head),
        ]

    before_test_iter = before_val_iter

    def after_val_iter(self,
                       runner,
                       batch_idx: int,
                       data_batch=None,
                       outputs=None) -> None:
        """Draw what was kept of the batch."""
        self._draw(runner, outputs, runner.val_dataloader.dataset)

    def after_test_iter(self,
                        runner,
                        batch_idx: int,
                        data_batch=None,
                        outputs=None) -> None:
        """Draw what was kept of the batch."""
        self._draw(runner, outputs, runner.test_dataloader.dataset)

    def after_val_epoch(self,
                        runner,
                        metrics: Optional[Dict[str, float]] = None) -> None:
        """Save the sheet."""
        self._save(runner, f'iter_{runner.iter}', runner.iter)

    def after_test_epoch(self,
                         runner,
                         metrics: Optional[Dict[str, float]] = None) -> None:
        """Save the sheet."""
        # runner.iter would build the training loop, its data workers too.
        self._save(runner, 'test', 0)

    # -- parts -------------------------------------------------------------

    def _find(self, runner) -> tuple:
        """The first segmentor with such a head, and the head."""
        model = unwrap_model(runner.model)
        for segmentor in model.modules():
            heads = getattr(segmentor, 'decode_head', None)
            if heads is None or not hasattr(segmentor, 'backbone'):
                continue
            if not isinstance(heads, nn.ModuleList):
                heads = [heads]
            for head in heads:
                if self.is_head(head):
                    return segmentor, head
        raise TypeError(f'{type(self).__name__} needs {self.wanted}, which '
                        f'model {type(model).__name__} has not: remove the '
                        'hook.')

    def _save(self, runner, name: str, step: int) -> None:
        if self._rows:
            save_sheet(runner, self.folder, name, draw_sheet(self._rows), step)
        self._rows = []

    def _draw(self, runner, outputs, dataset) -> None:
        self._release()
        captured, self._captured = self._captured, {}
        if 'image' not in captured:
            return
        segmentor, head = self._find(runner)
        classes, palette = classes_and_palette(runner, head.num_classes,
                                               dataset)
        style = dict(
            classes=classes,
            palette=palette,
            **image_statistics(segmentor.data_preprocessor))
        for index, sample in enumerate(outputs):
            if index < len(captured['image']) and len(
                    self._rows) < self.num_images:
                self._rows.append(self.draw(captured, index, sample, style))

    def _release(self) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles = []
