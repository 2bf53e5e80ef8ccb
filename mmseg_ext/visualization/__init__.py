from .branch_sheet import branch_panels
from .contiguous_visualizer import ContiguousSegVisualizer
from .image_sheet import draw_sheet, hatch, overlay_labels

__all__ = [
    'ContiguousSegVisualizer', 'branch_panels', 'draw_sheet', 'hatch',
    'overlay_labels'
]
