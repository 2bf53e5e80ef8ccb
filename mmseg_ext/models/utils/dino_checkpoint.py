"""Checkpoints of the official DINO and iBOT code for transformers."""
import os
import os.path as osp
import pickle
import re
import shutil
from typing import Dict, Optional

import torch
from torch import Tensor

from .official_checkpoint import StateDict, rename_keys

MODULES = {
    r'patch_embed\.proj': 'embeddings.patch_embeddings.projection',
    r'blocks\.(\d+)\.norm1': r'encoder.layer.\1.layernorm_before',
    r'blocks\.(\d+)\.norm2': r'encoder.layer.\1.layernorm_after',
    r'blocks\.(\d+)\.attn\.proj': r'encoder.layer.\1.attention.output.dense',
    r'blocks\.(\d+)\.attn\.(query|key|value)':
    r'encoder.layer.\1.attention.attention.\2',
    r'blocks\.(\d+)\.mlp\.fc1': r'encoder.layer.\1.intermediate.dense',
    r'blocks\.(\d+)\.mlp\.fc2': r'encoder.layer.\1.output.dense',
    r'norm': 'layernorm',
}
TOKENS = dict(
    cls_token='embeddings.cls_token',
    pos_embed='embeddings.position_embeddings')
# heads of the self-supervised training, and iBOT's token of masked patches
DROPPED = ('head', 'masked_embed', 'mask_token')


def rename_dino(state_dict: StateDict) -> StateDict:
    """Give the weights of a ViT the names of transformers' ``ViTModel``.

    Args:
        state_dict (dict[str, Tensor]): Weights of the official code, with or
            without ``module.`` and ``backbone.``.

    Returns:
        dict[str, Tensor]: The renamed weights.

    Raises:
        ValueError: If a weight is none of a plain ViT.
    """
    tokens, layers = {}, {}
    for key, value in state_dict.items():
        name = re.sub(r'^(module\.)?(backbone\.)?', '', key)
        if name.split('.')[0] in DROPPED:
            continue
        if name in TOKENS:
            tokens[TOKENS[name]] = value
        elif '.attn.qkv.' in name:
            for part, weight in zip(('query', 'key', 'value'), value.chunk(3)):
                layers[name.replace('qkv', part)] = weight
        else:
            layers[name] = value
    missing = set(TOKENS.values()) - set(tokens)
    if missing:
        raise ValueError('SRC has another layout than the official code: it '
                         f'has no {sorted(missing)[0].split(".")[-1]}.')
    return {**tokens, **rename_keys(layers, MODULES)}


def load_network(path: str, network: str) -> Dict[str, Tensor]:
    """Read a backbone, or one of the networks of a training checkpoint.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it holds something else.
    """
    if not osp.isfile(path):
        raise FileNotFoundError('is no file.')
    try:
        content = torch.load(path, map_location='cpu', weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise ValueError('cannot be read as a checkpoint of tensors '
                         f'({error}).') from error
    for name in (network, 'state_dict'):
        if isinstance(content, dict) and isinstance(content.get(name), dict):
            content = content[name]
    if not isinstance(content, dict) or not content or not all(
            isinstance(value, Tensor) for value in content.values()):
        raise ValueError(f'is no state dict of one network: --network is '
                         f'{network!r}.')
    return content


def convert_dino(src: str,
                 dst: str,
                 network: str = 'teacher',
                 num_heads: Optional[int] = None) -> int:
    """Write the folder of a ``ViTModel``.

    Args:
        src (str): Checkpoint of the official code.
        dst (str): Folder to write; it must not be there.
        network (str): Network of a training checkpoint. Defaults to
            'teacher'.
        num_heads (int, optional): Heads. Defaults to None, one for each 64
            channels.

    Returns:
        int: Number of tensors.

    Raises:
        ValueError: If the checkpoint is of another layout, or DST is there.
    """
    from transformers import ViTConfig, ViTModel
    if osp.exists(dst):
        raise ValueError(f'DST {dst} is there already.')
    weights = rename_dino(load_network(src, network))
    patches = weights['embeddings.patch_embeddings.projection.weight']
    positions = weights['embeddings.position_embeddings']
    width, _, patch, _ = patches.shape
    depth = 1 + max(
        int(key.split('.')[2]) for key in weights if 'encoder.layer' in key)
    model = ViTModel(
        ViTConfig(
            hidden_size=width,
            num_hidden_layers=depth,
            num_attention_heads=num_heads or max(1, width // 64),
            intermediate_size=weights[
                'encoder.layer.0.intermediate.dense.weight'].shape[0],
            patch_size=patch,
            image_size=round((positions.shape[1] - 1)**0.5) * patch,
            # of the official code
            layer_norm_eps=1e-6,
            hidden_act='gelu'),
        add_pooling_layer=False)
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(f'SRC is no plain ViT: {error}') from error
    temporary = f'{dst.rstrip("/")}.tmp{os.getpid()}'
    try:
        model.save_pretrained(temporary)
        os.replace(temporary, dst)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return len(weights)
