"""Weights of R50+ViT-B/16 and TransUNet in the layouts of their authors."""
import re
from typing import Callable, Dict, Mapping

import numpy as np
import torch
from torch import Tensor

StateDict = Dict[str, Tensor]
# What the classification network has besides the encoder.
_GOOGLE_DROPPED = ('cls', 'head/', 'pre_logits/')


class LayoutError(ValueError):
    """The file is not one of the official code."""

    def __init__(self, reason: str) -> None:
        super().__init__('SRC has another layout than the official code: '
                         f'{reason}.')


class _Source:
    """Arrays that are taken out one by one, so that none is left over."""

    def __init__(self, arrays: Mapping) -> None:
        self.rest = dict(arrays)

    def take(self, key: str) -> Tensor:
        if key not in self.rest:
            raise LayoutError(f'it lacks {key!r}')
        value = self.rest.pop(key)
        if isinstance(value, Tensor):
            return value.clone()
        return torch.from_numpy(np.array(value, dtype=np.float32))

    def count(self, pattern: str) -> int:
        """One more than the largest number that a pattern finds."""
        found = [re.match(pattern, key) for key in self.rest]
        numbers = [int(match[1]) for match in found if match]
        return max(numbers, default=-1) + 1

    def finish(self, dropped: tuple = ()) -> None:
        left = [key for key in self.rest if not key.startswith(dropped or '/')]
        if left:
            raise LayoutError(f'{left[0]!r} is none of its weights')


def convert_google(arrays: Mapping[str, np.ndarray]) -> StateDict:
    """Convert the encoder of Google's ``R50+ViT-B_16.npz``.

    Args:
        arrays (Mapping[str, np.ndarray]): The arrays by name.

    Returns:
        dict[str, Tensor]: State dict of :class:`HybridVisionTransformer` with
        ``variant='google'``. The classifier and the class token are left out.

    Raises:
        ValueError: If an array is missing or unknown.
    """
    source, state = _Source(arrays), {}

    def conv(theirs: str, ours: str) -> None:
        state[f'{ours}.weight'] = source.take(f'{theirs}/kernel').permute(
            3, 2, 0, 1).contiguous()

    def norm(theirs: str, ours: str) -> None:
        for one, other in (('scale', 'weight'), ('bias', 'bias')):
            state[f'{ours}.{other}'] = source.take(f'{theirs}/{one}').reshape(
                -1)

    def linear(theirs: str, ours: str) -> None:
        state[f'{ours}.weight'] = source.take(
            f'{theirs}/kernel').T.contiguous()
        state[f'{ours}.bias'] = source.take(f'{theirs}/bias')

    conv('conv_root', 'resnet.conv1')
    norm('gn_root', 'resnet.norm1')
    _convert_blocks(source, 'block{}/unit{}/', r'block(\d+)/',
                    r'block{}/unit(\d+)/', conv, norm, 'conv_proj', 'gn_proj')
    conv('embedding', 'patch_embed')
    state['patch_embed.bias'] = source.take('embedding/bias')
    state['pos_embed'] = _position(
        source.take('Transformer/posembed_input/pos_embedding')[:, 1:])
    for i in range(source.count(r'Transformer/encoderblock_(\d+)/')):
        theirs, ours = f'Transformer/encoderblock_{i}', f'layers.{i}'
        norm(f'{theirs}/LayerNorm_0', f'{ours}.ln1')
        norm(f'{theirs}/LayerNorm_2', f'{ours}.ln2')
        attention = f'{theirs}/MultiHeadDotProductAttention_1'
        # kernels (C, heads, C / heads), that of the output the other way round
        for part, join in (('kernel', 'weight'), ('bias', 'bias')):
            values = [
                source.take(f'{attention}/{name}/{part}')
                for name in ('query', 'key', 'value')
            ]
            state[f'{ours}.attn.attn.in_proj_{join}'] = torch.cat([
                value.flatten(1).T if part == 'kernel' else value.flatten()
                for value in values
            ])
        state[f'{ours}.attn.attn.out_proj.weight'] = source.take(
            f'{attention}/out/kernel').flatten(0, 1).T.contiguous()
        state[f'{ours}.attn.attn.out_proj.bias'] = source.take(
            f'{attention}/out/bias')
        linear(f'{theirs}/MlpBlock_3/Dense_0', f'{ours}.ffn.layers.0.0')
        linear(f'{theirs}/MlpBlock_3/Dense_1', f'{ours}.ffn.layers.1')
    norm('Transformer/encoder_norm', 'norm')
    source.finish(_GOOGLE_DROPPED)
    return state


def convert_transunet(state_dict: Mapping[str, Tensor]) -> StateDict:
    """Convert a network of the TransUNet authors' code.

    Args:
        state_dict (Mapping[str, Tensor]): Its state dict, with or without the
            prefix ``module.``.

    Returns:
        dict[str, Tensor]: State dict of an ``EncoderDecoder`` of
        :class:`HybridVisionTransformer` with ``variant='transunet'`` and
        :class:`TransUNetHead`.

    Raises:
        ValueError: If a weight is missing or unknown.
    """
    if state_dict and all(key.startswith('module.') for key in state_dict):
        state_dict = {key[7:]: value for key, value in state_dict.items()}
    source, state = _Source(state_dict), {}

    def move(theirs: str, ours: str, parts=('weight', 'bias')) -> None:
        for part in parts:
            state[f'{ours}.{part}'] = source.take(f'{theirs}.{part}')

    def conv(theirs: str, ours: str) -> None:
        move(theirs, f'backbone.{ours}', ('weight', ))

    def norm(theirs: str, ours: str) -> None:
        move(theirs, f'backbone.{ours}')

    def conv_bn(theirs: str, ours: str) -> None:
        move(f'{theirs}.0', f'{ours}.conv', ('weight', ))
        move(f'{theirs}.1', f'{ours}.bn',
             ('weight', 'bias', 'running_mean', 'running_var',
              'num_batches_tracked'))

    embeddings = 'transformer.embeddings'
    resnet = f'{embeddings}.hybrid_model'
    conv(f'{resnet}.root.conv', 'resnet.conv1')
    norm(f'{resnet}.root.gn', 'resnet.norm1')
    _convert_blocks(source, f'{resnet}.body.block{{}}.unit{{}}.',
                    rf'{resnet}\.body\.block(\d+)\.',
                    rf'{resnet}\.body\.block{{}}\.unit(\d+)\.', conv, norm,
                    'downsample', 'gn_proj')
    norm(f'{embeddings}.patch_embeddings', 'patch_embed')
    state['backbone.pos_embed'] = _position(
        source.take(f'{embeddings}.position_embeddings'))
    for i in range(source.count(r'transformer\.encoder\.layer\.(\d+)\.')):
        theirs, ours = f'transformer.encoder.layer.{i}', f'layers.{i}'
        norm(f'{theirs}.attention_norm', f'{ours}.ln1')
        norm(f'{theirs}.ffn_norm', f'{ours}.ln2')
        for part in ('weight', 'bias'):
            state[f'backbone.{ours}.attn.attn.in_proj_{part}'] = torch.cat([
                source.take(f'{theirs}.attn.{name}.{part}')
                for name in ('query', 'key', 'value')
            ])
        norm(f'{theirs}.attn.out', f'{ours}.attn.attn.out_proj')
        norm(f'{theirs}.ffn.fc1', f'{ours}.ffn.layers.0.0')
        norm(f'{theirs}.ffn.fc2', f'{ours}.ffn.layers.1')
    norm('transformer.encoder.encoder_norm', 'norm')
    conv_bn('decoder.conv_more', 'decode_head.conv_more')
    for i in range(source.count(r'decoder\.blocks\.(\d+)\.')):
        for name in ('conv1', 'conv2'):
            conv_bn(f'decoder.blocks.{i}.{name}',
                    f'decode_head.blocks.{i}.{name}')
    move('segmentation_head.0', 'decode_head.conv_seg')
    source.finish()
    return state


def _convert_blocks(source: _Source, prefix: str, blocks: str, units: str,
                    conv: Callable, norm: Callable, shortcut: str,
                    shortcut_norm: str) -> None:
    """Convert the stages of the ResNet, which both layouts number from 1."""
    for b in range(1, source.count(blocks)):
        for u in range(1, source.count(units.format(b))):
            theirs = prefix.format(b, u)
            ours = f'resnet.stages.{b - 1}.{u - 1}'
            for i in (1, 2, 3):
                conv(f'{theirs}conv{i}', f'{ours}.conv{i}')
                norm(f'{theirs}gn{i}', f'{ours}.norm{i}')
            if u == 1:
                conv(f'{theirs}{shortcut}', f'{ours}.downsample.0')
                norm(f'{theirs}{shortcut_norm}', f'{ours}.downsample.1')


def _position(embedding: Tensor) -> Tensor:
    """Turn (1, h * w, C) of a square grid into (1, C, h, w)."""
    side = round(embedding.shape[1]**0.5)
    if side * side != embedding.shape[1]:
        raise LayoutError(f'a position embedding of {embedding.shape[1]} '
                          'entries is none of a square grid')
    return embedding.transpose(1, 2).unflatten(2, (side, side)).contiguous()
