from typing import Dict, List

from mmseg.registry import HOOKS
from torch import Tensor, nn

from ...utils.boundary_map import boundary_map
from ...visualization.image_sheet import Panel, overlay_labels
from ...visualization.panels import heat_map, picture, resize_labels
from .head_visualization_hook import HeadVisualizationHook


@HOOKS.register_module()
class ShapeStreamVisualizationHook(HeadVisualizationHook):
    """Show edges, gates and boundaries of :class:`GSCNNHead`.

    A row an image: the image, its own edges, the boundaries of the labels,
    the predicted ones, each gate, and the predicted classes. Sheets lie in
    ``vis_data/shape_stream``. See :class:`HeadVisualizationHook`.

    Args:
        num_images (int): Images on a sheet at most. Defaults to 4.

    Raises:
        TypeError: If the model has no ``GSCNNHead``.
    """

    folder = 'shape_stream'
    wanted = 'a GSCNNHead'

    def is_head(self, module: nn.Module) -> bool:
        """Whether a module has a shape stream."""
        return hasattr(module, 'shape_stream')

    def watch(self, head: nn.Module) -> list:
        """Keep edges and gates."""

        def keeper(name):
            return lambda module, args, output: self.keep(name, output)

        return [
            head.image_gradient.register_forward_hook(keeper('gradient')),
            head.shape_stream.register_forward_hook(keeper('edge')),
            *(layer.gate.register_forward_hook(keeper(f'gate {i + 1}'))
              for i, layer in enumerate(head.shape_stream.gates)),
        ]

    def draw(self, captured: Dict[str, Tensor], index: int, sample,
             style: dict) -> List[Panel]:
        """Draw the row of an image."""
        image = picture(captured['image'][index].cpu(), style['mean'],
                        style['std'], style['rgb'])
        size = image.shape[:2]

        def heat(values: Tensor):
            return heat_map(values[index].cpu(), size)

        panels = [('image', image),
                  ('edges of the image', heat(captured['gradient']))]
        if 'gt_sem_seg' in sample:
            # Drawn in the pixels of the labels, as the network learns it.
            truth = boundary_map(
                self.part_seen(sample.gt_sem_seg.data.cpu().long(), sample,
                               size))
            panels.append(('boundaries, labels', heat_map(truth, size)))
        panels.append(('boundaries, predicted',
                       heat(captured['edge'].float().sigmoid())))
        panels += [(name, heat(values)) for name, values in captured.items()
                   if name.startswith('gate ')]
        labels = self.part_seen(sample.pred_sem_seg.data.cpu(), sample, size)
        labels = resize_labels(labels, size)
        panels.append(
            ('prediction', overlay_labels(image, labels, style['palette'])))
        return panels
