"""The Hugging Face model is the reference, with random weights."""
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
    for layer in encoder.transformer.layers:
        layer.self_attn.forward = partial(
            layer.self_attn.forward, attn_mask=encoder.build_attention_mask())
    return model


def same_points(*size, device=None, dtype=None):
    """Random numbers of the last two dimensions, alike for all others."""
    size = size[0] if isinstance(size[0], tuple) else size
    generator = torch.Generator().manual_seed(size[-2])
    numbers = torch.empty(size[-2:]).uniform_(generator=generator)
    return numbers.expand(size).clone()


@pytest.fixture(scope='module')
def pair():
    """The reference, and our model with its weights."""
    reference = hugging_face()
    model = build_model().eval()
    weights = convert_to_ours(reference.state_dict())
    model.load_state_dict(weights, strict=True)
    return reference, model


@pytest.fixture(scope='module')
def batch():
    """Two images of two tasks, with targets."""
    torch.manual_seed(1)
    images = torch.randn(2, 3, 64, 96)
    labels = [torch.tensor([0, 0, 5]), torch.tensor([1, 4])]
    masks = [(torch.rand(len(label), 8, 12) > 0.5).float().repeat_interleave(
        8, 1).repeat_interleave(8, 2) for label in labels]
    texts = [[f'a photo with a {n}' for n in ('cat', 'cat', 'sky')] +
             ['a panoptic photo'] * 4,
             [f'a photo with a {n}' for n in ('dog', 'road')] +
             ['a semantic photo'] * 5]
    return images, labels, masks, texts


def run_reference(reference, batch, **kwargs):
    images, _, _, texts = batch
    tasks = token_ids([f'the task is {task}' for task in TASKS])
    return reference(
        pixel_values=images,
        task_inputs=tasks,
        text_inputs=torch.stack([token_ids(text) for text in texts]),
        **kwargs)


def test_outputs_are_those_of_the_reference(pair, batch):
    """Class and mask logits of all layers, to 1e-4."""
    reference, model = pair
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
            assert (one - other).abs().max() < 1e-4


def test_losses_are_those_of_the_reference(pair, batch):
    """All terms to 1e-3, with the same points for both."""
    reference, model = pair
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

    with torch.no_grad(), patch('torch.rand', same_points), patch.object(
            reference, 'get_loss_dict', keep):
        run_reference(
            reference, batch, mask_labels=masks, class_labels=labels)
        head = model.panoptic_head
        ours = head.loss_by_targets(
            model.extract_feat(images), targets, metas)
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
        assert abs(float(value) - float(ours[key])) < 1e-3, key
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
