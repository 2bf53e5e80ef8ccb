"""The Hugging Face model is the reference, with random weights."""
import copy
import sys
from functools import partial
from pathlib import Path
from unittest.mock import patch

import pytest
import torch

pytest.importorskip('mmdet')
transformers = pytest.importorskip('transformers')
sys.path.append(str(Path(__file__).resolve().parents[2] / 'test_models'))

from mmdet.structures import DetDataSample  # noqa: E402
from mmengine.structures import InstanceData  # noqa: E402
from oneformer_toy import build_model  # noqa: E402

from mmseg_ext.models.text_encoders.text_tokens import token_ids  # noqa: E402
from mmseg_ext.models.utils.oneformer_checkpoint import (  # noqa: E402
    convert_from_ours, convert_to_ours, find_layout)

TASKS = ('panoptic', 'semantic')


def hugging_face():
    from transformers import OneFormerConfig, OneFormerForUniversalSegmentation
    torch.manual_seed(0)
    config = OneFormerConfig(
        backbone_config=dict(
            model_type='swin',
            image_size=64,
            embed_dim=16,
            depths=[2, 2, 2, 2],
            num_heads=[1, 2, 4, 8],
            window_size=4,
            drop_path_rate=0.,
            out_features=['stage1', 'stage2', 'stage3', 'stage4']),
        num_labels=7,
        num_queries=10,
        text_encoder_n_ctx=3,
        text_encoder_width=64,
        text_encoder_num_layers=2,
        conv_dim=64,
        mask_dim=64,
        hidden_dim=64,
        num_attention_heads=2,
        dim_feedforward=128,
        encoder_feedforward_dim=128,
        encoder_layers=2,
        decoder_layers=4,
        train_num_points=64,
        # its pixel decoder drops out in eval mode too
        dropout=0.,
        is_training=True)
    model = OneFormerForUniversalSegmentation(config).eval()
    with torch.no_grad():
        for name, value in model.named_parameters():
            if value.dim() == 1 or 'embed' in name:
                value.add_(0.1 * torch.randn_like(value))
    # its text encoder holds the causal mask and never applies it
    encoder = model.model.text_mapper.text_encoder
    later = encoder.build_attention_mask().isinf()
    for layer in encoder.transformer.layers:
        layer.self_attn.forward = partial(
            layer.self_attn.forward, attn_mask=later)
    return model


def same_points(*size, device=None, dtype=None):
    """Random numbers of the last two dimensions, alike for all others."""
    size = size[0] if isinstance(size[0], tuple) else size
    generator = torch.Generator().manual_seed(size[-2])
    numbers = torch.empty(size[-2:]).uniform_(generator=generator)
    return numbers.expand(size).double()


@pytest.fixture(scope='module')
def pair():
    """The reference, and our model with its weights."""
    reference = hugging_face()
    model = build_model().eval()
    weights = convert_to_ours(reference.state_dict())
    model.load_state_dict(weights, strict=True)
    return reference, model


@pytest.fixture(scope='module')
def exact_pair(pair):
    """The same in float64.

    Or a cell of an attention mask may be on the other side of its threshold
    by rounding alone.
    """
    return [copy.deepcopy(model).double() for model in pair]


@pytest.fixture(scope='module')
def batch():
    """Two images of two tasks, with targets."""
    torch.manual_seed(1)
    images = torch.randn(2, 3, 64, 96).double()
    labels = [torch.tensor([0, 0, 5]), torch.tensor([1, 4])]
    masks = [(torch.rand(len(label), 8, 12)
              > 0.5).double().repeat_interleave(8, 1).repeat_interleave(8, 2)
             for label in labels]
    texts = [[f'a photo with a {n}'
              for n in ('cat', 'cat', 'sky')] + ['a panoptic photo'] * 4,
             [f'a photo with a {n}'
              for n in ('dog', 'road')] + ['a semantic photo'] * 5]
    return images, labels, masks, texts


def run_reference(reference, batch, **kwargs):
    images, _, _, texts = batch
    tasks = token_ids([f'the task is {task}' for task in TASKS])
    return reference(
        pixel_values=images,
        task_inputs=tasks,
        text_inputs=torch.stack([token_ids(text) for text in texts]),
        **kwargs)


def test_outputs_are_those_of_the_reference(exact_pair, batch):
    """Class and mask logits of all layers, to 1e-6."""
    reference, model = exact_pair
    with torch.no_grad():
        theirs = run_reference(reference, batch)
        samples = [DetDataSample(metainfo=dict(task=task)) for task in TASKS]
        scores, masks = model.panoptic_head(
            model.extract_feat(batch[0]), samples)
    sets = [(each['class_queries_logits'], each['masks_queries_logits'])
            for each in theirs.auxiliary_predictions]
    sets.append((theirs.class_queries_logits, theirs.masks_queries_logits))
    assert len(sets) == len(scores)
    for wanted, *found in zip(sets, scores, masks):
        for one, other in zip(wanted, found):
            assert one.abs().max() > 0.1
            assert (one - other).abs().max() < 1e-6


def test_losses_are_those_of_the_reference(exact_pair, batch):
    """All terms to 1e-5, with the same points for both."""
    reference, model = exact_pair
    images, labels, masks, texts = batch
    metas = [dict(task=task, texts=text) for task, text in zip(TASKS, texts)]
    targets = [
        InstanceData(labels=label, masks=mask)
        for label, mask in zip(labels, masks)
    ]
    found = {}
    original = reference.get_loss_dict

    def keep(**kwargs):
        found.update(original(**kwargs))
        return dict(found)

    # both cast to float32 in places
    with torch.no_grad(), patch('torch.rand', same_points), patch.object(
            reference, 'get_loss_dict',
            keep), patch.object(torch.Tensor, 'float', torch.Tensor.double):
        run_reference(reference, batch, mask_labels=masks, class_labels=labels)
        head = model.panoptic_head
        ours = head.loss_by_targets(model.extract_feat(images), targets, metas)
    names = dict(
        loss_cross_entropy='loss_cls',
        loss_mask='loss_mask',
        loss_dice='loss_dice',
        loss_contrastive='loss_contrastive')
    seen = set()
    for name, value in found.items():
        name, _, index = name.partition('_layer_')
        stem = next(n for n in names if name.startswith(n))
        suffix = name[len(stem):].strip('_')
        key = (f'd{suffix}.' if suffix else '') + names[stem]
        seen.add(key)
        assert abs(float(value) - float(ours[key])) < 1e-5, key
    assert seen == set(ours)


def test_back_to_hugging_face(pair):
    reference, model = pair
    weights = convert_from_ours(model.state_dict(), 'huggingface')
    expected = {
        key: value
        for key, value in reference.state_dict().items()
        if key != 'criterion.empty_weight'
    }
    assert weights.keys() == expected.keys()
    for key, value in expected.items():
        assert torch.equal(weights[key], value.to(weights[key])), key


# A few names of each part as the official code has them: (official, ours).
OFFICIAL = {
    'sem_seg_head.pixel_decoder.input_proj.0.0.weight':
    'pixel_decoder.input_convs.0.conv.weight',
    'sem_seg_head.pixel_decoder.input_proj.0.1.bias':
    'pixel_decoder.input_convs.0.gn.bias',
    'sem_seg_head.pixel_decoder.transformer.level_embed':
    'pixel_decoder.level_encoding.weight',
    'sem_seg_head.pixel_decoder.transformer.encoder.layers.1.self_attn.'
    'sampling_offsets.weight':
    'pixel_decoder.encoder.layers.1.self_attn.sampling_offsets.weight',
    'sem_seg_head.pixel_decoder.transformer.encoder.layers.0.norm2.weight':
    'pixel_decoder.encoder.layers.0.norms.1.weight',
    'sem_seg_head.pixel_decoder.adapter_1.weight':
    'pixel_decoder.lateral_convs.0.conv.weight',
    'sem_seg_head.pixel_decoder.adapter_1.norm.weight':
    'pixel_decoder.lateral_convs.0.gn.weight',
    'sem_seg_head.pixel_decoder.mask_features.bias':
    'pixel_decoder.mask_feature.bias',
    'sem_seg_head.predictor.query_embed.weight':
    'query_embed.weight',
    'sem_seg_head.predictor.transformer_self_attention_layers.2.self_attn.'
    'in_proj_weight':
    'transformer_decoder.layers.2.self_attn.attn.in_proj_weight',
    'sem_seg_head.predictor.transformer_cross_attention_layers.0.'
    'multihead_attn.out_proj.bias':
    'transformer_decoder.layers.0.cross_attn.attn.out_proj.bias',
    'sem_seg_head.predictor.transformer_ffn_layers.1.linear2.weight':
    'transformer_decoder.layers.1.ffn.layers.1.weight',
    'sem_seg_head.predictor.decoder_norm.weight':
    'transformer_decoder.post_norm.weight',
    'sem_seg_head.predictor.class_transformer.decoder.layers.1.'
    'multihead_attn.in_proj_bias':
    'query_transformer.layers.1.cross_attn.attn.in_proj_bias',
    'sem_seg_head.predictor.class_transformer.decoder.norm.bias':
    'query_transformer.post_norm.bias',
    'sem_seg_head.predictor.class_input_proj.weight':
    'query_input_proj.weight',
    'sem_seg_head.predictor.mask_embed.layers.2.weight':
    'mask_embed.4.weight',
    'task_mlp.layers.1.weight':
    'task_encoder.2.weight',
    'text_encoder.transformer.resblocks.1.mlp.c_proj.weight':
    'text_mapper.layers.1.mlp.c_proj.weight',
    'text_encoder.positional_embedding':
    'text_mapper.positional_embedding',
    'text_projector.layers.0.bias':
    'text_mapper.projector.0.bias',
    'prompt_ctx.weight':
    'text_mapper.context.weight',
    'criterion.logit_scale':
    'loss_contrastive.logit_scale',
}


def test_official_layout(pair):
    """The names of the official code, there and back."""
    ours = pair[1].state_dict()
    theirs = convert_from_ours(ours, 'official')
    assert find_layout(theirs) == 'official'
    for official, name in OFFICIAL.items():
        assert torch.equal(theirs[official], ours[f'panoptic_head.{name}'])
    swin = theirs['backbone.layers.0.downsample.reduction.weight']
    mixed = ours['backbone.stages.0.downsample.reduction.weight']
    # mmdet's converter is the reference for the order of patches
    from mmdet.models.backbones.swin import swin_converter
    converted = swin_converter({'layers.0.downsample.reduction.weight': swin})
    (value, ) = converted.values()
    assert torch.equal(value, mixed)
    theirs['criterion.empty_weight'] = torch.ones(8)
    back = convert_to_ours({
        f'module.{k}': v
        for k, v in theirs.items()
    }, 'official')
    assert back.keys() == ours.keys()
    assert all(torch.equal(back[key], ours[key]) for key in ours)


def test_resnet_of_detectron2():
    from mmdet.registry import MODELS
    from mmengine.registry import init_default_scope
    init_default_scope('mmdet')
    net = MODELS.build(dict(type='ResNet', depth=50))
    check_backbone(
        {
            key: value
            for key, value in net.state_dict().items()
            if not key.endswith('num_batches_tracked')
        }, 'res3.0.shortcut.norm.running_var', 'stem.conv1.norm.bias')


def test_convnext_of_the_official_code():
    names = ('downsample_layers.0.0.weight', 'downsample_layers.1.1.bias',
             'stages.3.2.depthwise_conv.weight', 'stages.3.2.norm.bias',
             'stages.3.2.pointwise_conv1.weight', 'stages.3.2.gamma',
             'norm3.weight')
    check_backbone({name: torch.rand(2)
                    for name in names}, 'stages.3.2.dwconv.weight',
                   'stages.3.2.pwconv1.weight', 'norm3.weight')


def check_backbone(weights, *names):
    """There and back, with some official names."""
    weights = {f'backbone.{key}': value for key, value in weights.items()}
    theirs = convert_from_ours(weights, 'official')
    assert {f'backbone.{name}' for name in names} <= theirs.keys()
    back = convert_to_ours(theirs, 'official')
    assert back.keys() == weights.keys()
    assert all(torch.equal(back[key], weights[key]) for key in weights)


def test_command(pair, tmp_path, repo):
    """SRC DST, and back; a file that is none of it is told in a sentence."""
    import runpy
    tool = str(repo / 'tools/model_converters/oneformer.py')
    theirs, ours, back = (str(tmp_path / f'{n}.pth') for n in 'abc')
    torch.save(
        dict(model=convert_from_ours(pair[1].state_dict(), 'official')),
        theirs)
    for args in ((theirs, ours), (ours, back, '--to', 'huggingface')):
        with patch.object(sys, 'argv', [tool, *args]):
            runpy.run_path(tool, run_name='__main__')
    found = torch.load(ours)['state_dict']
    assert found.keys() == pair[1].state_dict().keys()
    assert torch.load(back).keys() == {
        key
        for key in pair[0].state_dict() if key != 'criterion.empty_weight'
    }
    with patch.object(sys, 'argv', [tool, back + 'x', ours]):
        with pytest.raises(SystemExit, match='no file'):
            runpy.run_path(tool, run_name='__main__')


def test_refusals():
    with pytest.raises(ValueError, match='neither layout'):
        find_layout({'conv.weight': torch.zeros(1)})
    with pytest.raises(ValueError, match="'backbone.rpn' is none"):
        convert_to_ours({'backbone.rpn': torch.zeros(1)}, 'official')


def test_classes_of_ade20k():
    """Things first here, by number there."""
    from mmdet.datasets import ADE20KPanopticDataset

    from mmseg_ext.models.utils.oneformer_checkpoint import (
        ade20k_panoptic_order, reorder_classes)
    order = ade20k_panoptic_order()
    assert sorted(order) == list(range(150))
    names = ADE20KPanopticDataset.METAINFO['classes']
    # wall is number 0, bed number 7, flag the last one
    assert [order[names.index(n)]
            for n in ('wall', 'bed', 'flag')] == [0, 7, 149]
    weights = {
        f'panoptic_head.cls_embed.{kind}': torch.arange(151.)
        for kind in ('weight', 'bias')
    }
    found = reorder_classes(weights, order)['panoptic_head.cls_embed.bias']
    assert found[names.index('bed')] == 7 and found[-1] == 150
    with pytest.raises(ValueError, match='150 classes'):
        reorder_classes({'panoptic_head.cls_embed.weight': torch.ones(4)},
                        order)
