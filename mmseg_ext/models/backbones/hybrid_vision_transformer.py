"""ResNet and Vision Transformer in a row, the encoder of TransUNet.

Shape shorthand: images (N, 3, H, W); s2, s4, s8, s16 are maps of H/2 x W/2
and so on, rounded up.
"""
import re
from typing import Optional, Sequence, Tuple, Union

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule, ModuleList
from mmengine.model.weight_init import trunc_normal_
from mmengine.runner import CheckpointLoader
from mmseg.models.backbones.vit import TransformerEncoderLayer
from mmseg.registry import MODELS
from mmseg.utils import OptConfigType, OptMultiConfig
from torch import Tensor, nn

from ..utils.pretrained_configs import is_pretrained
from .weight_standardized_resnet import WeightStandardizedResNet


@MODELS.register_module()
class HybridVisionTransformer(BaseModule):
    """R50+ViT-B/16: a ResNet whose last map a Vision Transformer reads.

    `TransUNet <https://arxiv.org/abs/2102.04306>`_, section 3; weights of
    `An Image is Worth 16x16 Words <https://arxiv.org/abs/2010.11929>`_ by
    ``tools/model_converters/vit_hybrid.py``. Outputs maps of stride 2, 4, 8
    of the ResNet and of stride 16 of the transformer, of any size of image.

    Two numerically different networks are called so. ``'google'`` is the one
    that the public ImageNet weights were trained with; ``'transunet'`` the
    one of TransUNet's code, with another weight standardisation, shortcut
    normalisation, padding and dropout. Weights of one do not fit the other.

    Args:
        img_size (int or tuple[int]): Height and width that the position
            embedding is made for; others are interpolated from it, and it
            from a checkpoint of another. Defaults to 224.
        in_channels (int): Channels of the image. Defaults to 3.
        base_channels (int): Channels of the stem; the stages have 4, 8 and 16
            times as many. Defaults to 64.
        stage_blocks (Sequence[int]): Bottlenecks of each stage. Defaults to
            (3, 4, 9).
        num_groups (int): Groups of the group normalisation. Defaults to 32.
        embed_dims (int): Channels of the transformer. Defaults to 768.
        num_layers (int): Its layers. Defaults to 12.
        num_heads (int): Heads of each. Defaults to 12.
        feedforward_channels (int): Hidden channels of each. Defaults to 3072.
        drop_rate (float): Dropout of embedding, MLP and (``'google'``)
            attention output. Defaults to 0.1.
        drop_path_rate (float): Stochastic depth, rising linearly. Defaults to
            0.
        act_cfg (dict): Activation of the MLP; the public weights were trained
            with ``dict(type='GELU', approximate='tanh')``. Defaults to
            ``dict(type='GELU')``.
        interpolate_mode (str): Of the position embedding. Defaults to
            'bilinear', between corners.
        variant (str): ``'google'`` or ``'transunet'``. Defaults to 'google'.
        with_cp (bool): Whether to save memory by checkpointing the layers.
            Defaults to False.
        pretrained (str, optional): Converted checkpoint. Defaults to None.
        init_cfg (dict or list[dict], optional): Defaults to None.

    Raises:
        ValueError: If ``variant`` is none of the two, ``embed_dims`` is no
            multiple of ``num_heads``, or a checkpoint is of the other
            variant or lacks a weight.
    """

    def __init__(self,
                 img_size: Union[int, Tuple[int, int]] = 224,
                 in_channels: int = 3,
                 base_channels: int = 64,
                 stage_blocks: Sequence[int] = (3, 4, 9),
                 num_groups: int = 32,
                 embed_dims: int = 768,
                 num_layers: int = 12,
                 num_heads: int = 12,
                 feedforward_channels: int = 3072,
                 drop_rate: float = 0.1,
                 drop_path_rate: float = 0.,
                 act_cfg: OptConfigType = dict(type='GELU'),
                 interpolate_mode: str = 'bilinear',
                 variant: str = 'google',
                 with_cp: bool = False,
                 pretrained: Optional[str] = None,
                 init_cfg: OptMultiConfig = None) -> None:
        if pretrained is not None:
            init_cfg = dict(type='Pretrained', checkpoint=pretrained)
        super().__init__(init_cfg)
        if embed_dims % num_heads:
            raise ValueError(
                'HybridVisionTransformer.embed_dims must be a multiple of '
                f'num_heads={num_heads} but is {embed_dims}.')
        self.variant = variant
        self.interpolate_mode = interpolate_mode
        self.resnet = WeightStandardizedResNet(
            in_channels=in_channels,
            base_channels=base_channels,
            stage_blocks=stage_blocks,
            num_groups=num_groups,
            variant=variant)
        self.patch_embed = nn.Conv2d(self.resnet.out_channels, embed_dims, 1)
        height, width = (img_size,
                         img_size) if isinstance(img_size, int) else img_size
        self.pos_embed = nn.Parameter(
            torch.zeros(1, embed_dims, -(-height // 16), -(-width // 16)))
        self.drop_after_pos = nn.Dropout(drop_rate)
        self.layers = ModuleList(
            TransformerEncoderLayer(
                embed_dims,
                num_heads,
                feedforward_channels,
                drop_rate=drop_rate,
                drop_path_rate=drop_path_rate * i / max(num_layers - 1, 1),
                act_cfg=act_cfg,
                norm_cfg=dict(type='LN', eps=1e-6),
                # its defaults are dicts that all layers would share
                attn_cfg=dict(),
                ffn_cfg=dict(),
                with_cp=with_cp) for i in range(num_layers))
        if variant == 'transunet':
            for layer in self.layers:
                layer.attn.proj_drop.p = 0.
        self.norm = nn.LayerNorm(embed_dims, eps=1e-6)
        self._register_load_state_dict_pre_hook(fit_position, with_module=True)

    def init_weights(self) -> None:
        """Initialise; see ``init_cfg``."""
        cfgs = self.init_cfg or []
        cfgs = [cfgs] if isinstance(cfgs, dict) else cfgs
        pretrained = [cfg for cfg in cfgs if is_pretrained(cfg)]
        for cfg in pretrained:
            self._check_checkpoint(cfg)
        if not pretrained and not self.is_init:
            trunc_normal_(self.pos_embed, std=0.02)
            for layer in self.modules():
                if isinstance(layer, nn.Linear):
                    nn.init.xavier_uniform_(layer.weight)
                    nn.init.normal_(layer.bias, std=1e-6)
        super().init_weights()

    def _check_checkpoint(self, cfg: dict) -> None:
        """Raise if MMEngine would leave a weight as it is."""
        name, prefix = cfg['checkpoint'], cfg.get('prefix')
        checkpoint = CheckpointLoader.load_checkpoint(
            name, map_location='cpu', logger='silent')
        check_variant(checkpoint, self.variant, name)
        found = checkpoint.get('state_dict', checkpoint)
        if prefix is None:
            found = {re.sub(r'^module\.', '', k): v for k, v in found.items()}
        else:
            prefix = prefix if prefix.endswith('.') else f'{prefix}.'
            found = {
                key[len(prefix):]: value
                for key, value in found.items() if key.startswith(prefix)
            }
        fit_position(self, found, '')
        own = self.state_dict()
        wrong = [
            key for key, value in own.items()
            if getattr(found.get(key), 'shape', None) != value.shape
        ]
        if wrong:
            value = found.get(wrong[0])
            raise ValueError(
                f'The checkpoint {name} of backbone.init_cfg does not fit: '
                f'{wrong[0]!r} should be {tuple(own[wrong[0]].shape)} but is '
                f'{"missing" if value is None else tuple(value.shape)} '
                f'({len(wrong) - 1} more): give one of this encoder, and '
                "backbone.init_cfg.prefix (e.g. 'backbone.') where the file "
                'holds a whole segmentor.')

    def forward(self, images: Tensor) -> Tuple[Tensor, ...]:
        """Maps of every level.

        Args:
            images (Tensor): Shape (N, C, H, W).

        Returns:
            tuple[Tensor]: s2, s4, s8 and s16.
        """
        *skips, x = self.resnet(images)
        x = self.patch_embed(x)
        size = x.shape[2:]
        x = x + self._position(size)
        x = self.drop_after_pos(x.flatten(2).transpose(1, 2))
        for layer in self.layers:
            x = layer(x)
        x = self.norm(x).transpose(1, 2).unflatten(2, size)
        return (*skips, x)

    def _position(self,
                  size: Sequence[int],
                  embedding: Optional[Tensor] = None) -> Tensor:
        if embedding is None:
            embedding = self.pos_embed
        if tuple(embedding.shape[2:]) == tuple(size):
            return embedding
        corners = self.interpolate_mode in ('bilinear', 'bicubic')
        return F.interpolate(
            embedding,
            tuple(size),
            mode=self.interpolate_mode,
            align_corners=True if corners else None)


def fit_position(model: HybridVisionTransformer, state_dict: dict, prefix: str,
                 *args) -> None:
    """Bring the position embedding of a state dict to the model's grid."""
    key, own = f'{prefix}pos_embed', model.pos_embed
    value = state_dict.get(key)
    if getattr(value, 'ndim', 0) == 4 and value.shape[:2] == own.shape[:2]:
        state_dict[key] = model._position(own.shape[2:], value)


def check_variant(checkpoint: dict, variant: str, name: str) -> None:
    """Raise if a checkpoint tells that it is of another variant."""
    found = checkpoint.get('meta', {}).get('variant', variant)
    if found != variant:
        raise ValueError(
            f'The checkpoint {name} is of the variant {found!r}, but '
            f'backbone.variant is {variant!r}: their weights are not '
            f'interchangeable, set backbone.variant={found!r}.')
