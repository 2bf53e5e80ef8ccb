from .branch_sheet import branch_panels
from .co_segmentation_sheet import draw_co_segmentation
from .contiguous_visualizer import ContiguousSegVisualizer
from .denoising_sheet import draw_denoising
from .domain_sheet import draw_domains
from .error_localization_sheet import error_localization_row
from .explanation_sheet import draw_explanation
from .image_sheet import draw_sheet, hatch, overlay_labels
from .incremental_sheet import draw_incremental
from .panels import heat_map, legend, picture, resize_labels
from .pseudo_label_sheet import draw_pseudo_labels

__all__ = [
    'ContiguousSegVisualizer', 'branch_panels', 'draw_co_segmentation',
    'draw_denoising', 'draw_domains', 'draw_explanation', 'draw_incremental',
    'draw_pseudo_labels', 'draw_sheet', 'error_localization_row', 'hatch',
    'heat_map', 'legend', 'overlay_labels', 'picture', 'resize_labels'
]
