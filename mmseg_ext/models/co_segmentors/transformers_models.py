"""Models of Hugging Face transformers and what is read out of them.

Names of parts are those of transformers 4.40 to 4.51, with those of 5 where
they differ.
"""
import os.path as osp
from contextlib import contextmanager
from typing import Iterator, List, Tuple

import torch
from torch import Tensor, nn

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


def load_pretrained(kind: str, name: str, field: str, **kwargs) -> nn.Module:
    """Load a model of transformers, frozen and in eval mode.

    Args:
        kind (str): Its class, such as ``'CLIPModel'``.
        name (str): Name on the hub, or a folder, of which alone is read then.
        field (str): Config field that names it, for messages.
        **kwargs: Arguments of ``from_pretrained``.

    Returns:
        nn.Module: The model.

    Raises:
        ImportError: If transformers is not installed.
        OSError: If there is no such model.
    """
    try:
        import transformers
    except ImportError as error:
        raise ImportError(
            f'{field} needs transformers, which is not installed: '
            'pip install "mmseg_ext[foundation]".') from error
    try:
        model = getattr(transformers, kind).from_pretrained(
            name, local_files_only=osp.isdir(name), **kwargs)
    except (OSError, ValueError) as error:
        raise OSError(f'{field} names {name!r}, which cannot be loaded as '
                      f'{kind}: give the name of a model on the hub or its '
                      f'folder ({error}).') from error
    return model.requires_grad_(False).eval()


@contextmanager
def layer_input(layer: nn.Module) -> Iterator[List[Tensor]]:
    """Record what a layer is fed in the scope.

    Yields:
        list[Tensor]: Hidden states (N, 1 + hw, D) of each call.
    """
    inputs: List[Tensor] = []

    def record(module, args, kwargs):
        inputs.append(args[0] if args else kwargs['hidden_states'])

    handle = layer.register_forward_pre_hook(record, with_kwargs=True)
    try:
        yield inputs
    finally:
        handle.remove()


def clip_dense_features(clip: nn.Module,
                        pixels: Tensor,
                        value_path: str = 'residual') -> Tensor:
    """Embeddings of CLIP for each patch, in the space of its texts.

    The attention of the last layer is replaced by its value path, as in
    `Extract Free Dense Labels from CLIP <https://arxiv.org/abs/2112.01071>`_.

    Args:
        clip (CLIPModel): The model.
        pixels (Tensor): Normalised RGB, (N, 3, H, W), sides multiples of the
            patch.
        value_path (str): ``'residual'`` goes on with residual and MLP of the
            layer, as the code of that article; ``'value'`` takes the values
            alone, as its text. Defaults to 'residual'.

    Returns:
        Tensor: (N, d, h, w), not normalised.
    """
    vision = clip.vision_model
    layer = vision.encoder.layers[-1]
    with layer_input(layer) as inputs:
        vision(pixel_values=pixels, interpolate_pos_encoding=True)
    hidden, = inputs
    attention = layer.self_attn
    value = attention.out_proj(attention.v_proj(layer.layer_norm1(hidden)))
    if value_path == 'residual':
        value = hidden + value
        value = value + layer.mlp(layer.layer_norm2(value))
    features = clip.visual_projection(vision.post_layernorm(value))[:, 1:]
    size = patch_grid(pixels, clip.config.vision_config.patch_size)
    return features.transpose(1, 2).unflatten(2, size)


def clip_text_features(clip: nn.Module, tokens: Tensor) -> Tensor:
    """Embeddings of texts, (T, d)."""
    output = clip.get_text_features(input_ids=tokens)
    return getattr(output, 'pooler_output', output)


def vit_queries_keys(vit: nn.Module, pixels: Tensor) -> Tuple[Tensor, Tensor]:
    """Queries and keys of the last layer of a ViT.

    Args:
        vit (ViTModel): The model.
        pixels (Tensor): Normalised RGB, (N, 3, H, W).

    Returns:
        tuple[Tensor, Tensor]: Each (N, heads, 1 + hw, width of a head).
    """
    layers = getattr(vit, 'layers', None)
    if layers is None:
        layers = vit.encoder.layer
    layer = layers[-1]
    with layer_input(layer) as inputs:
        vit(pixel_values=pixels, interpolate_pos_encoding=True)
    hidden = layer.layernorm_before(inputs[0])
    attention = layer.attention
    if hasattr(attention, 'attention'):
        query, key = attention.attention.query, attention.attention.key
    else:
        query, key = attention.q_proj, attention.k_proj
    heads = vit.config.num_attention_heads
    return tuple(
        projection(hidden).unflatten(2, (heads, -1)).transpose(1, 2)
        for projection in (query, key))


def patch_grid(pixels: Tensor, patch: int) -> Tuple[int, int]:
    """Rows and columns of the patches of images."""
    return pixels.shape[2] // patch, pixels.shape[3] // patch


def seed_attention(queries: Tensor, keys: Tensor, seeds: Tensor) -> Tensor:
    """What some patches attend to, averaged over them.

    The softmax over all tokens is averaged over the heads; the column of CLS
    is dropped and the rest made to sum to 1. Only the rows of the seeds are
    computed.

    Args:
        queries (Tensor): Of one image, (heads, 1 + hw, width).
        keys (Tensor): Likewise.
        seeds (Tensor): Indices of patches, int64 (S, ).

    Returns:
        Tensor: float32 (hw, ), of sum 1.
    """
    rows = queries[:, seeds + 1].float() @ keys.float().transpose(1, 2)
    rows = (rows / queries.shape[-1]**0.5).softmax(-1).mean(0)[:, 1:]
    return (rows / rows.sum(1, keepdim=True)).mean(0)


def seed_similarity(keys: Tensor, seeds: Tensor) -> Tensor:
    """Cosine between keys of patches and of some of them, averaged.

    Args:
        keys (Tensor): Of one image, (heads, 1 + hw, width).
        seeds (Tensor): Indices of patches, int64 (S, ).

    Returns:
        Tensor: float32 (hw, ).
    """
    flat = keys.float().transpose(0, 1).flatten(1)[1:]
    flat = torch.nn.functional.normalize(flat, dim=1)
    return (flat @ flat[seeds].T).mean(1)
