"""OneFormer checkpoints of the official code and of Hugging Face.

A table gives each module its three names; both directions read it.
"""
import re
from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

import torch
from torch import Tensor

from .official_checkpoint import StateDict, load_official

LAYOUTS = ('official', 'huggingface')

_PIXEL = 'sem_seg_head.pixel_decoder.'
_PREDICTOR = 'sem_seg_head.predictor.'
_HF_PIXEL = 'model.pixel_level_module.decoder.'
_HF_QUERY = 'model.transformer_module.'
_HF_DECODER = _HF_QUERY + 'decoder.'
_HF_SWIN = 'model.pixel_level_module.encoder.'
_HF_TEXT = 'model.text_mapper.'

Row = Tuple[str, Optional[str], Optional[str]]


def _below(prefixes: Sequence[str], rows: Iterable[Sequence[str]]) -> list:
    return [
        tuple(None if name is None else prefix + name
              for prefix, name in zip(prefixes, row)) for row in rows
    ]


def _head_rows() -> List[Row]:
    rows = _below(('pixel_decoder.', _PIXEL, _HF_PIXEL), [
        ('input_convs.{}.conv', 'input_proj.{}.0', 'input_projections.{}.0'),
        ('input_convs.{}.gn', 'input_proj.{}.1', 'input_projections.{}.1'),
        ('level_encoding.weight', 'transformer.level_embed', 'level_embed'),
        ('lateral_convs.0.gn', 'adapter_1.norm', 'adapter_1.1'),
        ('lateral_convs.0.conv', 'adapter_1', 'adapter_1.0'),
        ('output_convs.0.gn', 'layer_1.norm', 'layer_1.1'),
        ('output_convs.0.conv', 'layer_1', 'layer_1.0'),
        ('mask_feature', 'mask_features', 'mask_projection'),
    ])
    encoder = 'encoder.layers.{}.'
    rows += _below(('pixel_decoder.' + encoder,
                    _PIXEL + 'transformer.' + encoder, _HF_PIXEL + encoder),
                   [('self_attn', 'self_attn', 'self_attn'),
                    ('norms.0', 'norm1', 'self_attn_layer_norm'),
                    ('norms.1', 'norm2', 'final_layer_norm'),
                    ('ffn.layers.0.0', 'linear1', 'fc1'),
                    ('ffn.layers.1', 'linear2', 'fc2')])
    rows += _below(('', _PREDICTOR, _HF_QUERY), [
        ('query_embed', 'query_embed', 'queries_embedder'),
        ('level_embed', 'level_embed', 'level_embed'),
        ('transformer_decoder.post_norm', 'decoder_norm',
         'decoder.decoder_norm'),
        ('query_input_proj', 'class_input_proj',
         'decoder.query_input_projection'),
        ('query_transformer.post_norm', 'class_transformer.decoder.norm',
         'decoder.query_transformer.decoder.norm'),
        ('cls_embed', 'class_embed', 'decoder.class_embed'),
        *((f'mask_embed.{2 * k}', f'mask_embed.layers.{k}',
           f'decoder.mask_embed.layers.{k}.0') for k in range(3)),
    ])
    rows += _below(
        ('transformer_decoder.layers.{}.', _PREDICTOR,
         _HF_DECODER + 'layers.{}.'),
        [('cross_attn.attn',
          'transformer_cross_attention_layers.{}.multihead_attn',
          'cross_attn.multihead_attn'),
         ('norms.0', 'transformer_cross_attention_layers.{}.norm',
          'cross_attn.norm'),
         ('self_attn.attn', 'transformer_self_attention_layers.{}.self_attn',
          'self_attn.self_attn'),
         ('norms.1', 'transformer_self_attention_layers.{}.norm',
          'self_attn.norm'),
         ('ffn.layers.0.0', 'transformer_ffn_layers.{}.linear1',
          'ffn.linear1'),
         ('ffn.layers.1', 'transformer_ffn_layers.{}.linear2', 'ffn.linear2'),
         ('norms.2', 'transformer_ffn_layers.{}.norm', 'ffn.norm')])
    query = ('self_attn', 'multihead_attn', 'linear1', 'linear2', 'norm1',
             'norm2', 'norm3')
    ours = ('self_attn.attn', 'cross_attn.attn', 'ffn.layers.0.0',
            'ffn.layers.1', 'norms.0', 'norms.1', 'norms.2')
    rows += _below(('query_transformer.layers.{}.',
                    _PREDICTOR + 'class_transformer.decoder.layers.{}.',
                    _HF_DECODER + 'query_transformer.decoder.layers.{}.'),
                   zip(ours, query, query))
    rows += [(f'task_encoder.{2 * k}', f'task_mlp.layers.{k}',
              f'model.task_encoder.task_mlp.layers.{k}.0') for k in range(2)]
    rows += _below(('text_mapper.', '', _HF_TEXT), [
        *((name, 'text_encoder.' + name, 'text_encoder.' + name)
          for name in ('token_embedding', 'positional_embedding', 'ln_final')),
        *((f'projector.{2 * k}', f'text_projector.layers.{k}',
           f'text_projector.layers.{k}.0') for k in range(2)),
        ('context', 'prompt_ctx', 'prompt_ctx'),
    ])
    rows += _below(
        ('text_mapper.layers.{}.', 'text_encoder.transformer.resblocks.{}.',
         _HF_TEXT + 'text_encoder.transformer.layers.{}.'),
        [('attn', 'attn', 'self_attn'), ('ln_1', 'ln_1', 'layer_norm1'),
         ('ln_2', 'ln_2', 'layer_norm2'), ('mlp.c_fc', 'mlp.c_fc', 'mlp.fc1'),
         ('mlp.c_proj', 'mlp.c_proj', 'mlp.fc2')])
    rows += [('loss_contrastive.logit_scale', 'criterion.logit_scale',
              'criterion.logit_scale')]
    return _below(('panoptic_head.', '', ''), rows)


def _backbone_rows() -> List[Row]:
    rows = [
        ('patch_embed.projection', 'patch_embed.proj',
         'embeddings.patch_embeddings.projection'),
        ('patch_embed.norm', 'patch_embed.norm', 'embeddings.norm'),
        ('stages.{}.downsample', 'layers.{}.downsample',
         'encoder.layers.{}.downsample'),
    ]
    rows += _below(('stages.{}.blocks.{}.', 'layers.{}.blocks.{}.',
                    'encoder.layers.{}.blocks.{}.'),
                   [('norm1', 'norm1', 'layernorm_before'),
                    ('norm2', 'norm2', 'layernorm_after'),
                    ('attn.w_msa.proj', 'attn.proj', 'attention.output.dense'),
                    ('attn.w_msa', 'attn', 'attention.self'),
                    ('ffn.layers.0.0', 'mlp.fc1', 'intermediate.dense'),
                    ('ffn.layers.1', 'mlp.fc2', 'output.dense')])
    rows += [(f'norm{k}', f'norm{k}', f'hidden_states_norms.stage{k + 1}')
             for k in range(4)]
    # ResNet of Detectron2, ConvNeXt of the official code
    rows += [('bn1', 'stem.conv1.norm', None), ('conv1', 'stem.conv1', None)]
    for stage in range(1, 5):
        here = (f'layer{stage}.{{}}.', f'res{stage + 1}.{{}}.')
        for k in range(1, 4):
            rows += [(f'{here[0]}bn{k}', f'{here[1]}conv{k}.norm', None),
                     (f'{here[0]}conv{k}', f'{here[1]}conv{k}', None)]
        rows += [(f'{here[0]}downsample.1', f'{here[1]}shortcut.norm', None),
                 (f'{here[0]}downsample.0', f'{here[1]}shortcut', None)]
    rows += [('downsample_layers.{}.{}', 'downsample_layers.{}.{}', None)]
    for ours, theirs in (('depthwise_conv', 'dwconv'), ('norm', 'norm'),
                         ('pointwise_conv1', 'pwconv1'),
                         ('pointwise_conv2', 'pwconv2'), ('gamma', 'gamma')):
        rows.append(
            (f'stages.{{}}.{{}}.{ours}', f'stages.{{}}.{{}}.{theirs}', None))
    return _below(('backbone.', 'backbone.', _HF_SWIN), rows)


_ROWS = _head_rows() + _backbone_rows()
_DROPPED = ('criterion.empty_weight', )
_PARTS = {
    r'(.*self_attn\.attn)\.(q|k|v)_proj\.(weight|bias)': r'\1.in_proj_\3',
    r'(.*attn\.w_msa)\.(query|key|value)\.(weight|bias)': r'\1.qkv.\3',
}
_PART_ORDER = ('q', 'k', 'v', 'query', 'key', 'value')


def convert_to_ours(state_dict: Mapping[str, Tensor],
                    layout: Optional[str] = None) -> StateDict:
    """Convert a state dict of other code.

    Args:
        state_dict (Mapping[str, Tensor]): Its weights.
        layout (str, optional): ``'official'`` or ``'huggingface'``. Defaults
            to None: seen by the names.

    Returns:
        dict[str, Tensor]: Weights of :class:`OneFormer` with mmdet's
        ``SwinTransformer`` or ``ResNet`` or mmpretrain's ``ConvNeXt``.

    Raises:
        ValueError: If a weight is none of the layout.
    """
    layout = layout or find_layout(state_dict)
    column = 1 + LAYOUTS.index(layout)
    renamed = _rename(state_dict, [(row[column], row[0]) for row in _ROWS],
                      layout)
    return _reorder_patches(_join(renamed))


def convert_from_ours(state_dict: Mapping[str, Tensor],
                      layout: str) -> StateDict:
    """Convert weights of :class:`OneFormer` into another layout.

    Args:
        state_dict (Mapping[str, Tensor]): The weights.
        layout (str): ``'official'`` or ``'huggingface'``.

    Returns:
        dict[str, Tensor]: The other code's weights.

    Raises:
        ValueError: If a weight has no place in the layout.
    """
    if layout not in LAYOUTS:
        raise ValueError(f'The layout must be of {LAYOUTS} but is {layout!r}.')
    column = 1 + LAYOUTS.index(layout)
    state_dict = {
        key: value
        for key, value in state_dict.items()
        if not key.startswith('data_preprocessor.')
        and not key.endswith('num_batches_tracked')
    }
    state_dict = _reorder_patches(state_dict, back=True)
    if layout == 'huggingface':
        state_dict = _split(state_dict)
    return _rename(state_dict, [(row[0], row[column]) for row in _ROWS],
                   'mmseg_ext')


def load_weights(path: str, key: str = 'model') -> StateDict:
    """Read a state dict, of a ``.safetensors`` file too.

    Args:
        path (str): The file.
        key (str): Where a dict of it has the weights. Defaults to 'model'.

    Returns:
        dict[str, Tensor]: The state dict.

    Raises:
        FileNotFoundError: If there is none.
        ValueError: If it is no state dict, or safetensors is not installed.
    """
    if not path.endswith('.safetensors'):
        return load_official(path, key)
    try:
        from safetensors.torch import load_file
    except ImportError as error:
        raise ValueError(f'{path!r} needs safetensors, which is not '
                         'installed; run: pip install safetensors') from error
    return load_file(path)


def find_layout(state_dict: Mapping[str, Tensor]) -> str:
    """Whose weights these are.

    Args:
        state_dict (Mapping[str, Tensor]): Weights.

    Returns:
        str: ``'official'`` or ``'huggingface'``.

    Raises:
        ValueError: If they are of neither.
    """
    if any(key.startswith(_PREDICTOR) for key in state_dict):
        return 'official'
    if any(key.startswith(_HF_QUERY) for key in state_dict):
        return 'huggingface'
    raise ValueError(
        'SRC is of neither layout: it has no weight of '
        f'{_PREDICTOR[:-1]} (official) or {_HF_QUERY[:-1]} (Hugging Face).')


def ade20k_panoptic_order() -> List[int]:
    """ADE20K's class numbers in the order of mmdet's panoptic data set.

    Other code counts the 150 classes by their number; mmdet's
    ``ADE20KPanopticDataset`` has the 100 things first.
    """
    from mmdet.datasets import ADE20KInstanceDataset, ADE20KSegDataset
    numbered = [name.strip() for name in ADE20KSegDataset.METAINFO['classes']]
    things = [
        numbered.index(name.strip())
        for name in ADE20KInstanceDataset.METAINFO['classes']
    ]
    return things + sorted(set(range(len(numbered))) - set(things))


def reorder_classes(state_dict: Mapping[str, Tensor],
                    order: Sequence[int]) -> StateDict:
    """Change the order of the classes.

    Args:
        state_dict (Mapping[str, Tensor]): Weights of :class:`OneFormer`.
        order (Sequence[int]): Old class of each new class.

    Returns:
        dict[str, Tensor]: The weights in the new order.

    Raises:
        ValueError: If there are other classes than in ``order``.
    """
    state_dict = dict(state_dict)
    for kind in ('weight', 'bias'):
        key = f'panoptic_head.cls_embed.{kind}'
        rows = state_dict[key]
        if len(rows) != len(order) + 1:
            raise ValueError(f'The order is one of {len(order)} classes, but '
                             f'SRC has {len(rows) - 1}.')
        index = torch.tensor([*order, len(order)])
        state_dict[key] = rows[index]
    return state_dict


def _rename(state_dict: Mapping[str, Tensor],
            rows: Sequence[Tuple[Optional[str],
                                 Optional[str]]], layout: str) -> StateDict:
    patterns = []
    for source, target in rows:
        if source is None or target is None:
            continue
        expression = re.escape(source).replace(r'\{\}', r'(\d+)')
        patterns.append((re.compile(rf'{expression}(?=\.|$)'), target))
    renamed: Dict[str, Tensor] = {}
    for key, value in state_dict.items():
        name = key[len('module.'):] if key.startswith('module.') else key
        if name in _DROPPED:
            continue
        for pattern, target in patterns:
            match = pattern.match(name)
            if match:
                renamed[target.format(*match.groups()) +
                        name[match.end():]] = value
                break
        else:
            raise ValueError(f'SRC has another layout than that of {layout}: '
                             f'{key!r} is none of its weights.')
    return renamed


def _join(state_dict: StateDict) -> StateDict:
    """Join separate projections of query, key and value."""
    joined: StateDict = {}
    parts: Dict[str, list] = {}
    for key, value in state_dict.items():
        for pattern, target in _PARTS.items():
            match = re.fullmatch(pattern, key)
            if match:
                part = _PART_ORDER.index(match.group(2)) % 3
                parts.setdefault(match.expand(target), [None] * 3)
                parts[match.expand(target)][part] = value
                break
        else:
            joined[key] = value
    for key, values in parts.items():
        joined[key] = torch.cat(values)
    return joined


def _split(state_dict: StateDict) -> StateDict:
    """The inverse of :func:`_join`, for the modules that are split there."""
    done: StateDict = {}
    decoder = re.compile(r'(panoptic_head\.transformer_decoder\.layers\.\d+\.'
                         r'self_attn\.attn)\.in_proj_(weight|bias)')
    swin = re.compile(r'(.*attn\.w_msa)\.qkv\.(weight|bias)')
    for key, value in state_dict.items():
        match = decoder.fullmatch(key)
        names = ('q_proj', 'k_proj', 'v_proj')
        if match is None:
            match = swin.fullmatch(key)
            names = ('query', 'key', 'value')
        if match is None:
            done[key] = value
            continue
        for name, part in zip(names, value.chunk(3)):
            done[f'{match.group(1)}.{name}.{match.group(2)}'] = part
    return done


def _reorder_patches(state_dict: StateDict, back: bool = False) -> StateDict:
    """mmdet's Swin joins four patches in another order of channels."""
    done = dict(state_dict)
    for key, value in state_dict.items():
        if re.fullmatch(r'backbone\.stages\.\d+\.downsample\..*', key) is None:
            continue
        channels = value.shape[-1]
        order = torch.arange(channels).view(4, -1)[[0, 2, 1, 3]].t().flatten()
        done[key] = value[..., order.argsort() if back else order]
    return done
