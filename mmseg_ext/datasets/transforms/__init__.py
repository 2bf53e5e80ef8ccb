from ...utils.extras import is_installed
from .branch_transform import BranchTransform
from .gaussian_noise import GaussianNoise, PackDenoisingInputs
from .generate_boundary_map import GenerateBoundaryMap
from .load_pseudo_mask import LoadPseudoMask
from .load_pssl_annotations import LoadPSSLAnnotations
from .load_synthia_annotations import LoadSynthiaAnnotations
from .map_seg_labels import MapSegLabels
from .memory_copy_paste import MemoryCopyPaste
from .pack_incremental_inputs import PackIncrementalInputs
from .random_color_jitter import RandomColorJitter
from .random_gaussian_blur import RandomGaussianBlur
from .seg_random_resized_crop import SegRandomResizedCrop
from .set_ori_shape import SetOriShape
from .valid_mask import AddValidMask, PackBranchInputs, PadSegFields

__all__ = [
    'AddValidMask',
    'BranchTransform',
    'GaussianNoise',
    'GenerateBoundaryMap',
    'LoadPSSLAnnotations',
    'LoadPseudoMask',
    'LoadSynthiaAnnotations',
    'MapSegLabels',
    'MemoryCopyPaste',
    'PackBranchInputs',
    'PackDenoisingInputs',
    'PackIncrementalInputs',
    'PadSegFields',
    'RandomColorJitter',
    'RandomGaussianBlur',
    'SegRandomResizedCrop',
    'SetOriShape',
]

if is_installed('mmdet'):
    from .load_panoptic_segments import LoadPanopticSegments  # noqa: F401
    from .sample_segmentation_task import SampleSegmentationTask  # noqa: F401
    __all__ += ['LoadPanopticSegments', 'SampleSegmentationTask']
