"""CLIP and ViT of tiny random weights, against formulas written here."""
import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mmseg_ext.datasets.pseudo_mask_cache import encode_masks
from mmseg_ext.datasets.transforms import LoadPseudoMask
from mmseg_ext.models.co_segmentors import (FoundationCoSegmentor,
                                            SimulatedCoSegmentor)
from mmseg_ext.models.co_segmentors import transformers_models as models
from mmseg_ext.models.co_segmentors.foundation_co_segmentor import keep_mass


def make_models(folder):
    """A CLIP and a ViT of a few channels; gives their folders."""
    transformers = pytest.importorskip('transformers')
    torch.manual_seed(0)
    vision = dict(
        hidden_size=48,
        intermediate_size=64,
        num_hidden_layers=3,
        num_attention_heads=4,
        image_size=32,
        patch_size=8,
        projection_dim=24)
    text = dict(
        vocab_size=49408,
        hidden_size=32,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        bos_token_id=49406,
        eos_token_id=49407,
        projection_dim=24)
    clip = transformers.CLIPModel(
        transformers.CLIPConfig(
            vision_config=vision, text_config=text, projection_dim=24))
    vit = transformers.ViTModel(
        transformers.ViTConfig(
            hidden_size=48,
            intermediate_size=64,
            num_hidden_layers=3,
            num_attention_heads=4,
            image_size=32,
            patch_size=4),
        add_pooling_layer=False)
    # weights of which something follows
    for model in (clip, vit):
        for param in model.parameters():
            param.data.normal_(0, 0.2) if param.dim() > 1 else None
    clip.save_pretrained(folder / 'clip')
    vit.save_pretrained(folder / 'vit')
    return dict(clip=str(folder / 'clip'), vit=str(folder / 'vit'))


@pytest.fixture(scope='module')
def folders(tmp_path_factory):
    return make_models(tmp_path_factory.mktemp('models'))


@pytest.fixture(scope='module')
def clip(folders):
    return models.load_pretrained('CLIPModel', folders['clip'], 'clip')


@pytest.fixture(scope='module')
def vit(folders):
    return models.load_pretrained(
        'ViTModel', folders['vit'], 'vit', add_pooling_layer=False)


def build(folders, **kwargs):
    kwargs = dict(
        dict(short_side=48, templates=['a {}.'], num_seeds=4), **kwargs)
    return FoundationCoSegmentor(**folders, **kwargs)


def an_image(height=40, width=56, seed=0):
    image = np.random.RandomState(seed).randint(0, 256, (height, width, 3))
    image = cv2.GaussianBlur(image.astype(np.float32), (0, 0), 4)
    image = 127 + 6 * (image - 127)
    return torch.from_numpy(image).permute(2, 0, 1).clamp(0, 255)


class TestClip:

    def test_input_of_the_last_layer(self, clip):
        pixels = torch.randn(2, 3, 32, 48)
        with models.layer_input(clip.vision_model.encoder.layers[-1]) as got:
            output = clip.vision_model(
                pixel_values=pixels,
                interpolate_pos_encoding=True,
                output_hidden_states=True)
        assert torch.equal(got[0], output.hidden_states[-2])

    def test_value_path(self, clip):
        """The same as the whole model with attention to itself alone."""
        pixels = torch.randn(2, 3, 32, 48)
        dense = models.clip_dense_features(clip, pixels)
        assert dense.shape == (2, 24, 4, 6)
        attention = clip.vision_model.encoder.layers[-1].self_attn

        def to_itself(hidden_states, **kwargs):
            value = F.linear(hidden_states, attention.v_proj.weight,
                             attention.v_proj.bias)
            return F.linear(value, attention.out_proj.weight,
                            attention.out_proj.bias), None

        attention.forward = to_itself
        try:
            hidden = clip.vision_model(
                pixel_values=pixels,
                interpolate_pos_encoding=True).last_hidden_state
        finally:
            del attention.forward
        norm = clip.vision_model.post_layernorm
        hidden = F.layer_norm(hidden, (48, ), norm.weight, norm.bias, norm.eps)
        expected = (hidden @ clip.visual_projection.weight.T)[:, 1:]
        expected = expected.transpose(1, 2).reshape(2, 24, 4, 6)
        assert (dense - expected).abs().max() < 1e-5

    def test_values_alone(self, clip):
        pixels = torch.randn(1, 3, 32, 32)
        layer = clip.vision_model.encoder.layers[-1]
        hidden = clip.vision_model(
            pixel_values=pixels, output_hidden_states=True).hidden_states[-2]
        value = layer.self_attn.out_proj(
            layer.self_attn.v_proj(layer.layer_norm1(hidden)))
        expected = clip.visual_projection(
            clip.vision_model.post_layernorm(value))[:, 1:]
        found = models.clip_dense_features(clip, pixels, 'value')
        assert torch.allclose(found.flatten(2).transpose(1, 2), expected)

    def test_prompt_ensemble(self, folders, clip):
        from mmseg.utils import tokenize
        one = build(folders).text_embedding('sheep')
        single = clip.get_text_features(input_ids=tokenize(['a sheep.']))[0]
        assert torch.allclose(one, F.normalize(single, dim=0), atol=1e-6)
        made = build(
            folders,
            templates=['a {}.', 'one {}'],
            class_prompts=dict(tvmonitor=['television', 'monitor']))
        texts = [
            'a television.', 'one television', 'a monitor.', 'one monitor'
        ]
        several = clip.get_text_features(input_ids=tokenize(texts))
        mean = F.normalize(F.normalize(several, dim=1).mean(0), dim=0)
        found = made.text_embedding('tvmonitor')
        assert torch.allclose(found, mean, atol=1e-6)
        assert found.norm().item() == pytest.approx(1, abs=1e-6)
        assert len(build(folders, templates='imagenet').templates) == 80


class TestViT:

    def test_attention_from_queries_and_keys(self, vit):
        """With the values they make the model's own output."""
        pixels = torch.randn(1, 3, 32, 40)
        queries, keys = models.vit_queries_keys(vit, pixels)
        assert queries.shape == keys.shape == (1, 4, 81, 12)
        layer = vit.encoder.layer[-1]
        output = vit(
            pixel_values=pixels,
            interpolate_pos_encoding=True,
            output_hidden_states=True)
        hidden = output.hidden_states[-2]
        matrix = (queries @ keys.transpose(2, 3) / 12**0.5).softmax(-1)
        normed = layer.layernorm_before(hidden)
        value = layer.attention.attention.value(normed)
        value = value.view(1, 81, 4, 12).transpose(1, 2)
        mixed = (matrix @ value).transpose(1, 2).reshape(1, 81, 48)
        mixed = layer.attention.output.dense(mixed) + hidden
        after = layer.intermediate(layer.layernorm_after(mixed))
        after = layer.output.dense(after) + mixed
        found = vit.layernorm(after)
        assert (found - output.last_hidden_state).abs().max() < 1e-4

        seeds = torch.tensor([3, 60, 7])
        rows = matrix[0].mean(0)[1:, 1:][seeds]
        expected = (rows / rows.sum(1, keepdim=True)).mean(0)
        found = models.seed_attention(queries[0], keys[0], seeds)
        assert (found - expected).abs().max() < 1e-6
        assert found.sum().item() == pytest.approx(1)

    def test_key_similarity(self, vit):
        _, keys = models.vit_queries_keys(vit, torch.randn(1, 3, 32, 32))
        found = models.seed_similarity(keys[0], torch.tensor([5]))
        assert found[5].item() == pytest.approx(1) and found.max() <= 1.00001
        flat = keys[0].transpose(0, 1).reshape(65, 48)[1:]
        expected = F.cosine_similarity(flat, flat[5:6])
        assert torch.allclose(found, expected, atol=1e-6)


def test_keep_mass():
    values = torch.tensor([0.2, 0.4, 0.1, 0.3])
    assert keep_mass(values, 0.7).tolist() == [False, True, False, True]
    assert keep_mass(values, 0.71).tolist() == [True, True, False, True]
    assert keep_mass(torch.full((10, ), 0.1), 0.7).sum() == 7
    assert keep_mass(values, 1.).all()


class TestMasks:

    @pytest.mark.parametrize('size', [(40, 56), (33, 20), (64, 64)])
    def test_any_size(self, folders, size):
        masks = build(folders).masks(an_image(*size), ['cat', 'dog'], 0)
        scale = 48 / min(size)
        grid = tuple(round(side * scale / 8) * 2 for side in size)
        for stage in ('init', 'seeds', 'refined'):
            assert masks[stage].shape == (2, *grid)
            assert masks[stage].dtype == torch.bool
            assert masks[stage].flatten(1).any(1).all()

    def test_deterministic_in_the_seed(self, folders):
        model, image = build(folders, keep=0.3), an_image()
        made = [model.masks(image, ['cat'], seed)['seeds'] for seed in (1, 1)]
        assert torch.equal(*made)
        others = [model.masks(image, ['cat'], seed) for seed in range(2, 8)]
        assert any((x['seeds'] != made[0]).any() for x in others)

    def test_union_and_owner(self, folders):
        image = an_image()
        made = build(folders).masks(image, ['cat', 'dog'], 0)
        init, seeds = made['init'], made['seeds']
        assert not (init[0] & init[1]).any()
        for own, other in ((0, 1), (1, 0)):
            expected = init[own] | (seeds[own] & ~init[other])
            assert torch.equal(made['refined'][own], expected)
        for how, expected in (('init', init), ('seeds', seeds),
                              ('intersection', init & seeds)):
            found = build(folders, combine=how).masks(image, ['cat', 'dog'], 0)
            assert torch.equal(found['refined'], expected)

    def test_initial_masks(self, folders, clip):
        """The highest of the softmax, or the best cells of a small one."""
        model, image = build(folders), an_image()
        model.set_old_classes(['horse', 'sky'])
        names = model.compared_classes(['cat', 'dog'])
        assert names[:4] == ['cat', 'dog', 'horse', 'sky']
        assert len(names) == 4 + 13  # sky is an old class
        pixels = model.resize(image)
        assert pixels.shape == (3, 48, 64) and pixels.max() <= 1
        texts = torch.stack([model.text_embedding(c) for c in names])
        normed = (pixels - model.clip_mean) / model.clip_std
        dense = models.clip_dense_features(clip, normed[None])
        scores = torch.einsum('td,dhw->thw', texts,
                              F.normalize(dense[0], dim=0))
        scores = F.interpolate(scores[None], (12, 16), mode='bilinear')[0]
        highest = scores.argmax(0)
        found = model.initial_masks(pixels, ['cat', 'dog'], (12, 16))
        for i in range(2):
            expected = highest == i
            if expected.sum() < 4:
                least = scores.softmax(0)[i].flatten().topk(10).indices
                expected = torch.zeros(192, dtype=torch.bool)
                expected[least] = True
                expected = expected.view(12, 16)
            if (highest == i).sum() >= 4:
                assert torch.equal(found[i], expected)
            else:
                assert found[i].sum() == 10

    def test_online_equals_offline(self, folders, tmp_path):
        """What a file gives in the pipeline is what is made on the fly."""
        model, image = build(folders), an_image()
        bits = encode_masks(
            model.masks(image, ['cat', 'dog'], 7)['refined'].numpy())
        cv2.imwrite(str(tmp_path / 'a.png'), bits)
        loaded = LoadPseudoMask()(
            dict(
                img=np.zeros((40, 56, 3)),
                pseudo_mask_path=str(tmp_path / 'a.png')))
        found = model.bits(image, ['cat', 'dog'], 7, (40, 56))
        assert (loaded['gt_pseudo_mask'] == found.numpy()).all()
        assert loaded['gt_pseudo_mask'].max() >= 2
        assert model.bits(image, [], 7, (4, 4)).sum() == 0

    def test_recipe_tells_weights_and_options(self, folders):
        one, other = build(folders), build(folders, keep=0.5)
        first, second = one.recipe(), other.recipe()
        assert first['clip_weights'] == second['clip_weights']
        assert first != second and first['keep'] == 0.7
        other.clip.visual_projection.weight.data[0, 0] += 1
        assert other.recipe()['clip_weights'] != first['clip_weights']

    def test_stays_frozen(self, folders):
        model = build(folders).train()
        assert not any(m.training for m in model.modules())
        assert not any(p.requires_grad for p in model.parameters())

    def test_faults(self, folders, tmp_path):
        with pytest.raises(ValueError, match='combine must be one'):
            build(folders, combine='all')
        with pytest.raises(OSError, match='FoundationCoSegmentor.clip names'):
            build(dict(folders, clip=str(tmp_path)))


def test_transformers_missing(monkeypatch):
    import sys
    monkeypatch.setitem(sys.modules, 'transformers', None)
    with pytest.raises(ImportError, match=r'mmseg_ext\[foundation\]'):
        models.load_pretrained('CLIPModel', 'x', 'field')


def test_simulated_iou():
    truth = torch.full((96, 128), -1)
    truth[20:70, 30:90] = 0
    truth[10:40, 95:120] = 1
    found = SimulatedCoSegmentor(
        0.6, stride=1).masks(torch.zeros(3, 96, 128), ['a', 'b'], 3,
                             truth)['refined']
    for i in range(2):
        both = (found[i] & (truth == i)).sum()
        iou = both / (found[i] | (truth == i)).sum()
        assert 0.5 < iou < 0.7
    again = SimulatedCoSegmentor(
        0.6, stride=1).masks(torch.zeros(3, 96, 128), ['a', 'b'], 3,
                             truth)['refined']
    assert torch.equal(found, again)
    exact = SimulatedCoSegmentor(
        1., stride=1).masks(torch.zeros(3, 96, 128), ['a', 'b'], 3,
                            truth)['refined']
    assert torch.equal(exact[1], truth == 1)
    with pytest.raises(ValueError, match='needs labels of pixels'):
        SimulatedCoSegmentor().masks(torch.zeros(3, 8, 8), ['a'], 0)
