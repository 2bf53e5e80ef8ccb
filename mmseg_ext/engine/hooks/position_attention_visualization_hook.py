from typing import Dict, List, Sequence, Tuple

import cv2
from mmseg.registry import HOOKS
from torch import Tensor, nn

from ...visualization.image_sheet import Panel, overlay_labels
from ...visualization.panels import heat_map, picture, resize_labels
from .head_visualization_hook import HeadVisualizationHook


@HOOKS.register_module()
class PositionAttentionVisualizationHook(HeadVisualizationHook):
    """Show where chosen points of an image look in DANet.

    A row an image: the image with the points, for each point its weights on
    all positions, relative to the largest, and the predicted classes. For
    the stock ``DAHead`` and for :class:`EfficientDAHead`. Sheets lie in
    ``vis_data/position_attention``. See :class:`HeadVisualizationHook`.

    Args:
        points (Sequence[tuple[float, float]]): Points (x, y) as shares of
            width and height. Defaults to ((0.5, 0.85), (0.5, 0.15), (0.15,
            0.5)).
        num_images (int): Images on a sheet at most. Defaults to 4.

    Raises:
        ValueError: If a point lies outside of the image.
        TypeError: If the model has no such head.
    """

    folder = 'position_attention'
    wanted = 'a DAHead or EfficientDAHead with position attention'

    def __init__(self,
                 points: Sequence[Tuple[float,
                                        float]] = ((0.5, 0.85), (0.5, 0.15),
                                                   (0.15, 0.5)),
                 num_images: int = 4) -> None:
        super().__init__(num_images)
        for point in points:
            if len(point) != 2 or not all(0 <= share < 1 for share in point):
                raise ValueError(
                    'PositionAttentionVisualizationHook.points must be pairs '
                    f'(x, y) of shares from 0 to below 1 but has {point}.')
        self.points = [tuple(point) for point in points]

    def is_head(self, module: nn.Module) -> bool:
        """Whether a module has position attention."""
        return hasattr(getattr(module, 'pam', None), 'query_project')

    def watch(self, head: nn.Module) -> list:
        """Keep queries and keys."""

        def keeper(name):
            return lambda module, args, output: self.keep(name, output)

        return [
            head.pam.query_project.register_forward_hook(keeper('query')),
            head.pam.key_project.register_forward_hook(keeper('key')),
        ]

    def draw(self, captured: Dict[str, Tensor], index: int, sample,
             style: dict) -> List[Panel]:
        """Draw the row of an image."""
        image = picture(captured['image'][index].cpu(), style['mean'],
                        style['std'], style['rgb'])
        height, width = image.shape[:2]
        query, key = (
            captured[name][index].float() for name in ('query', 'key'))
        marked, panels = image.copy(), []
        for number, (x, y) in enumerate(self.points, start=1):
            column, row = int(x * query.shape[2]), int(y * query.shape[1])
            weights = (query[:, row, column] @ key.flatten(1)).softmax(0)
            weights = (weights / weights.max()).view(key.shape[1:]).cpu()
            view = heat_map(weights, (height, width))
            center = int(x * width), int(y * height)
            for canvas in (marked, view):
                cv2.drawMarker(canvas, center, (255, 255, 255),
                               cv2.MARKER_CROSS, max(height // 10, 5))
            cv2.putText(marked, str(number), (center[0] + 3, center[1] - 3),
                        cv2.FONT_HERSHEY_SIMPLEX, max(height / 300, 0.3),
                        (255, 255, 255), 1, cv2.LINE_AA)
            panels.append((f'attention of point {number}', view))
        labels = self.part_seen(sample.pred_sem_seg.data.cpu(), sample,
                                (height, width))
        labels = resize_labels(labels, (height, width))
        return [('image', marked), *panels,
                ('prediction', overlay_labels(image, labels,
                                              style['palette']))]
