"""mmcv's multi-head attention without the matrix of its weights.

Shape shorthand: B images, Q queries, L keys, C channels.
"""
from typing import Optional

import torch.nn.functional as F
from mmcv.cnn.bricks.transformer import MultiheadAttention
from torch import Tensor


class FusedMultiheadAttention(MultiheadAttention):
    """mmcv's ``MultiheadAttention`` through torch's fused attention.

    The same parameters under the same names, the same function but for
    rounding. Keys, values and positions that are the same for all images may
    have a first dimension of 1 and are projected once.

    Args:
        embed_dims (int): Channels C.
        num_heads (int): Heads.
        attn_drop (float): Dropout of the attention weights. Defaults to 0.
        proj_drop (float): Dropout behind the projection. Defaults to 0.
        drop (float): Dropout ahead of the shortcut. Defaults to 0.
    """

    def __init__(self,
                 embed_dims: int,
                 num_heads: int,
                 attn_drop: float = 0.,
                 proj_drop: float = 0.,
                 drop: float = 0.,
                 dropout: Optional[float] = None,
                 batch_first: bool = True) -> None:
        if not batch_first:
            raise ValueError('batch_first must be True, as in all DETRs of '
                             'mmdet.')
        if dropout is not None:
            attn_drop = drop = dropout
        super().__init__(
            embed_dims,
            num_heads,
            attn_drop=attn_drop,
            proj_drop=proj_drop,
            dropout_layer=dict(type='Dropout', drop_prob=drop),
            batch_first=True)

    def forward(self,
                query: Tensor,
                key: Optional[Tensor] = None,
                value: Optional[Tensor] = None,
                identity: Optional[Tensor] = None,
                query_pos: Optional[Tensor] = None,
                key_pos: Optional[Tensor] = None,
                attn_mask: Optional[Tensor] = None,
                key_padding_mask: Optional[Tensor] = None,
                **kwargs) -> Tensor:
        """Attend.

        Args:
            query (Tensor): (B, Q, C).
            key (Tensor, optional): (B or 1, L, C). Defaults to ``query``.
            value (Tensor, optional): (B or 1, L, C). Defaults to ``key``.
            identity (Tensor, optional): Shortcut. Defaults to ``query``.
            query_pos (Tensor, optional): Added to the query.
            key_pos (Tensor, optional): Added to the key.
            attn_mask (Tensor, optional): Bool, broadcast to (B, heads, Q, L),
                **True where a query attends**, as in torch's
                ``scaled_dot_product_attention``. Defaults to None.
            key_padding_mask: Must be None.

        Returns:
            Tensor: (B, Q, C).
        """
        if key_padding_mask is not None:
            raise ValueError('FusedMultiheadAttention takes no '
                             'key_padding_mask.')
        key = query if key is None else key
        value = key if value is None else value
        identity = query if identity is None else identity
        attends_itself = key is query and key_pos is query_pos
        query = query if query_pos is None else query + query_pos
        if attends_itself:
            key = query
        elif key_pos is not None:
            key = key + key_pos
        out = F.scaled_dot_product_attention(
            *self._project(query, key, value),
            attn_mask=attn_mask,
            dropout_p=self.attn.dropout if self.training else 0.)
        out = self.attn.out_proj(out.transpose(1, 2).flatten(2))
        return identity + self.dropout_layer(self.proj_drop(out))

    def _project(self, query: Tensor, key: Tensor, value: Tensor):
        weight, bias = self.attn.in_proj_weight, self.attn.in_proj_bias
        width = self.embed_dims
        if key is query:
            query, key = F.linear(query, weight[:2 * width],
                                  bias[:2 * width]).chunk(2, -1)
        else:
            query = F.linear(query, weight[:width], bias[:width])
            key = F.linear(key, weight[width:2 * width], bias[width:2 * width])
        value = F.linear(value, weight[2 * width:], bias[2 * width:])
        heads = [
            x.unflatten(2, (self.num_heads, -1)).transpose(1, 2)
            for x in (query, key, value)
        ]
        return [x.expand(len(query), -1, -1, -1) for x in heads]


class GroupedMultiheadAttention(FusedMultiheadAttention):
    """Self-attention within groups of queries that know nothing of others.

    Args:
        group_size (int): Queries of a group; the number of queries must be a
            multiple of it.
        **kwargs: Arguments of :class:`FusedMultiheadAttention`.
    """

    def __init__(self, group_size: int, **kwargs) -> None:
        super().__init__(**kwargs)
        self.group_size = group_size

    def forward(self,
                query: Tensor,
                query_pos: Optional[Tensor] = None,
                attn_mask: Optional[Tensor] = None,
                **kwargs) -> Tensor:
        """Attend within groups.

        Args:
            query (Tensor): (B, groups * group_size, C).
            query_pos (Tensor, optional): Added to query and key, (B or 1,
                groups * group_size, C).
            attn_mask: Must be None.

        Returns:
            Tensor: Shape of the query.
        """
        if attn_mask is not None:
            raise ValueError('GroupedMultiheadAttention takes no mask.')
        shape = query.shape
        if query_pos is not None:
            query_pos = query_pos.expand_as(query)
            query_pos = query_pos.reshape(-1, self.group_size, shape[-1])
        query = query.reshape(-1, self.group_size, shape[-1])
        out = super().forward(query, query_pos=query_pos, key_pos=query_pos)
        return out.view(shape)
