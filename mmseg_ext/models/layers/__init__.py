from .fused_attention import (FusedMultiheadAttention,
                              GroupedMultiheadAttention)

__all__ = ['FusedMultiheadAttention', 'GroupedMultiheadAttention']
