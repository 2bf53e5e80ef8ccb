"""Text queries of OneFormer.

Shape shorthand: B images, U different sentences, T tokens, C channels.
"""
from typing import Optional, Sequence

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule, ModuleList
from mmseg.registry import MODELS
from mmseg.utils import OptMultiConfig
from torch import Tensor, nn

from .text_tokens import token_ids


class _TextLayer(nn.Module):
    """A pre-norm block of CLIP's text encoder."""

    def __init__(self, width: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.ln_1 = nn.LayerNorm(width)
        self.attn = nn.MultiheadAttention(width, num_heads)
        self.ln_2 = nn.LayerNorm(width)
        self.mlp = nn.ModuleDict(
            dict(
                c_fc=nn.Linear(width, 4 * width),
                c_proj=nn.Linear(4 * width, width)))

    def forward(self, x: Tensor) -> Tensor:
        parts = F.linear(
            self.ln_1(x), self.attn.in_proj_weight, self.attn.in_proj_bias)
        query, key, value = (
            part.unflatten(2, (self.num_heads, -1)).transpose(1, 2)
            for part in parts.chunk(3, -1))
        out = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.attn.out_proj(out.transpose(1, 2).flatten(2))
        hidden = self.mlp['c_fc'](self.ln_2(x))
        return x + self.mlp['c_proj'](hidden * torch.sigmoid(1.702 * hidden))


@MODELS.register_module()
class OneFormerTextMapper(BaseModule):
    """Text encoder, projection and learned context of `OneFormer
    <https://arxiv.org/abs/2211.06220>`_, section 3.3; training only.

    A causal transformer as CLIP's, from random weights. Each sentence is
    encoded once in a batch however often it stands in the lists, and no
    longer than the longest: the attention is causal and the end token is
    read, so that this is exact but for rounding.

    Args:
        width (int): Channels of encoder and queries, a multiple of 64.
            Defaults to 256.
        num_layers (int): Layers of the encoder. Defaults to 6.
        num_ctx (int): Learned context vectors behind the texts. Defaults to
            16.
        context_length (int): Most tokens of a sentence. Defaults to 77.
        vocab_size (int): Tokens of the vocabulary. Defaults to 49408.
        num_heads (int, optional): Heads. Defaults to None, ``width // 64``.
        init_cfg (dict or list[dict], optional): Defaults to None.

    Raises:
        ValueError: If ``width`` is no multiple of the heads.
    """

    def __init__(self,
                 width: int = 256,
                 num_layers: int = 6,
                 num_ctx: int = 16,
                 context_length: int = 77,
                 vocab_size: int = 49408,
                 num_heads: Optional[int] = None,
                 init_cfg: OptMultiConfig = None) -> None:
        super().__init__(init_cfg)
        num_heads = max(width // 64, 1) if num_heads is None else num_heads
        if width % num_heads:
            raise ValueError(f'text_mapper.width must be a multiple of '
                             f'num_heads={num_heads} but is {width}.')
        self.width = width
        self.num_ctx = num_ctx
        self.context_length = context_length
        self.token_embedding = nn.Embedding(vocab_size, width)
        self.positional_embedding = nn.Parameter(
            torch.empty(context_length, width))
        self.layers = ModuleList(
            _TextLayer(width, num_heads) for _ in range(num_layers))
        self.ln_final = nn.LayerNorm(width)
        self.projector = nn.Sequential(
            nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width))
        self.context = nn.Embedding(num_ctx, width) if num_ctx else None
        self._reset()

    def _reset(self) -> None:
        width, depth = self.width, len(self.layers)
        residual = (2 * width * max(depth, 1))**-0.5
        nn.init.normal_(self.token_embedding.weight, std=0.02)
        nn.init.normal_(self.positional_embedding, std=0.01)
        for layer in self.layers:
            nn.init.normal_(layer.attn.in_proj_weight, std=width**-0.5)
            nn.init.normal_(layer.attn.out_proj.weight, std=residual)
            nn.init.normal_(layer.mlp['c_fc'].weight, std=(2 * width)**-0.5)
            nn.init.normal_(layer.mlp['c_proj'].weight, std=residual)

    def forward(self, texts: Sequence[Sequence[str]]) -> Tensor:
        """Text queries of a batch.

        Args:
            texts (Sequence[Sequence[str]]): As many sentences for each image.

        Returns:
            Tensor: Shape (B, sentences + num_ctx, C).
        """
        unique = {
            text: row
            for row, text in enumerate(
                dict.fromkeys(text for image in texts for text in image))
        }
        ids = token_ids(tuple(unique), self.context_length)
        ends = ids.argmax(1)  # the end token has the largest id
        ids = ids[:, :int(ends.max()) + 1]
        rows = torch.tensor([[unique[text] for text in image]
                             for image in texts])
        device = self.positional_embedding.device
        ids, ends, rows = (
            x.to(device, non_blocking=True) for x in (ids, ends, rows))
        queries = F.embedding(rows, self.projector(self.encode(ids, ends)))
        if self.context is None:
            return queries
        context = self.context.weight.expand(len(queries), -1, -1)
        return torch.cat((queries, context.to(queries.dtype)), dim=1)

    def encode(self, ids: Tensor, ends: Tensor) -> Tensor:
        """Encode sentences.

        Args:
            ids (Tensor): Token ids, int64 of shape (U, T).
            ends (Tensor): Place of each end token, int64 of shape (U, ).

        Returns:
            Tensor: Shape (U, C).
        """
        x = self.token_embedding(ids)
        x = x + self.positional_embedding[:ids.shape[1]]
        for layer in self.layers:
            x = layer(x)
        rows = torch.arange(len(ids), device=ids.device)
        return self.ln_final(x[rows, ends])
