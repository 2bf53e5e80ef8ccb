"""Pure PyTorch kernels with the signatures of mmcv's compiled extension."""
from .compiler_info import get_compiler_version, get_compiling_cuda_version
from .deform_attn import ms_deform_attn_backward, ms_deform_attn_forward
from .greedy_nms import nms
from .roi_align import roi_align_backward, roi_align_forward

__all__ = [
    'get_compiler_version', 'get_compiling_cuda_version',
    'ms_deform_attn_backward', 'ms_deform_attn_forward', 'nms',
    'roi_align_backward', 'roi_align_forward'
]
