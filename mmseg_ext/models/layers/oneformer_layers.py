"""Transformers of OneFormer on mmdet's layers."""
import torch
from mmcv.cnn import build_norm_layer
from mmcv.cnn.bricks.transformer import FFN
from mmdet.models.layers import (DetrTransformerDecoder,
                                 DetrTransformerDecoderLayer,
                                 Mask2FormerTransformerDecoder,
                                 SinePositionalEncoding)
from mmdet.models.layers.transformer.mask2former_layers import \
    Mask2FormerTransformerDecoderLayer
from mmengine.model import ModuleList
from torch import Tensor

from .fused_attention import FusedMultiheadAttention, GroupedMultiheadAttention


class _FusedLayerMixin:
    """A decoder layer of mmdet with fused attention.

    Args:
        group_size (int): Queries of one task.
        **kwargs: Arguments of mmdet's layer.
    """

    def __init__(self, group_size: int, **kwargs) -> None:
        self.group_size = group_size
        super().__init__(**kwargs)

    def _init_layers(self) -> None:
        self.self_attn = GroupedMultiheadAttention(self.group_size,
                                                   **self.self_attn_cfg)
        self.cross_attn = FusedMultiheadAttention(**self.cross_attn_cfg)
        self.embed_dims = self.self_attn.embed_dims
        self.ffn = FFN(**self.ffn_cfg)
        self.norms = ModuleList(
            build_norm_layer(self.norm_cfg, self.embed_dims)[1]
            for _ in range(3))


class QueryTransformerLayer(_FusedLayerMixin, DetrTransformerDecoderLayer):
    """mmdet's layer of DETR's decoder with fused attention."""


class MaskedTransformerLayer(_FusedLayerMixin,
                             Mask2FormerTransformerDecoderLayer):
    """mmdet's layer of Mask2Former's decoder with fused attention."""


class QueryTransformer(DetrTransformerDecoder):
    """The transformer that makes object queries of a task token.

    `OneFormer <https://arxiv.org/abs/2211.06220>`_, section 3.2.

    Args:
        group_size (int): Queries of one task.
        **kwargs: Arguments of mmdet's ``DetrTransformerDecoder``.
    """

    layer_class = QueryTransformerLayer

    def __init__(self, group_size: int, **kwargs) -> None:
        self.group_size = group_size
        super().__init__(**kwargs)

    def _init_layers(self) -> None:
        self.layers = ModuleList(
            self.layer_class(self.group_size, **self.layer_cfg)
            for _ in range(self.num_layers))
        self.embed_dims = self.layers[0].embed_dims
        self.post_norm = build_norm_layer(self.post_norm_cfg,
                                          self.embed_dims)[1]


class MaskedTransformerDecoder(QueryTransformer,
                               Mask2FormerTransformerDecoder):
    """mmdet's decoder of Mask2Former with fused attention.

    Args:
        group_size (int): Queries of one task.
        **kwargs: Arguments of mmdet's ``Mask2FormerTransformerDecoder``.
    """

    layer_class = MaskedTransformerLayer


class UnpaddedSinePositionalEncoding(SinePositionalEncoding):
    """mmdet's sine encoding of maps without padding, one for all images.

    An axis is encoded once and repeated along the other, not pixel by pixel.
    """

    def forward(self, mask: Tensor, input: Tensor = None) -> Tensor:
        """Encode.

        Args:
            mask (Tensor): Bool of shape (B, H, W), False everywhere; only its
                size and device are read.

        Returns:
            Tensor: Shape (1, 2 * num_feats, H, W).
        """
        rows, columns = (
            self._axis(size, mask.device) for size in mask.shape[-2:])
        shape = (len(rows), len(columns), -1)
        position = torch.cat(
            (rows[:, None].expand(shape), columns[None].expand(shape)), dim=2)
        return position.permute(2, 0, 1)[None]

    def _axis(self, size: int, device: torch.device) -> Tensor:
        place = torch.arange(1, size + 1, dtype=torch.float32, device=device)
        if self.normalize:
            place = (place + self.offset) / (place[-1:] +
                                             self.eps) * self.scale
        channel = torch.arange(
            self.num_feats, dtype=torch.float32, device=device)
        wave = self.temperature**(2 * (channel // 2) / self.num_feats)
        angle = place[:, None] / wave
        return torch.stack((angle[:, 0::2].sin(), angle[:, 1::2].cos()),
                           dim=2).flatten(1)
