from .bag_deform_attn import bag_deform_attn
from .deformable_attention import QuickDeformableAttention
from .fused_attention import FusedMultiheadAttention, GroupedMultiheadAttention

__all__ = [
    'FusedMultiheadAttention', 'GroupedMultiheadAttention',
    'QuickDeformableAttention', 'bag_deform_attn'
]
