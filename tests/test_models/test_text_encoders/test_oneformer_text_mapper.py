import pytest
import torch
import torch.nn.functional as F

from mmseg_ext.models.text_encoders import OneFormerTextMapper
from mmseg_ext.models.text_encoders.text_tokens import token_ids

IDS = {
    'the task is instance': [49406, 518, 10549, 533, 34572, 49407],
    'The task is instance': [49406, 518, 10549, 533, 34572, 49407],
}


@pytest.mark.parametrize('sentence', IDS)
def test_token_ids(sentence):
    found = token_ids([sentence])[0]
    assert found.shape == (77, ) and found.dtype == torch.int64
    assert found[:6].tolist() == IDS[sentence] and not found[6:].any()


def plain(mapper, sentences):
    """CLIP's encoder over all 77 tokens with an explicit causal mask."""
    ids = token_ids(sentences)
    x = mapper.token_embedding(ids) + mapper.positional_embedding
    mask = torch.full((77, 77), float('-inf')).triu(1)
    for layer in mapper.layers:
        y = layer.ln_1(x).transpose(0, 1)
        y, _ = layer.attn(y, y, y, attn_mask=mask)
        x = x + y.transpose(0, 1)
        y = layer.mlp['c_fc'](layer.ln_2(x))
        x = x + layer.mlp['c_proj'](y * torch.sigmoid(1.702 * y))
    x = mapper.ln_final(x)[torch.arange(len(ids)), ids.argmax(-1)]
    x = mapper.projector[0](x)
    return mapper.projector[2](F.relu(x))


def test_equals_the_plain_encoder():
    """Cut and once each, against all tokens of all sentences."""
    torch.manual_seed(0)
    mapper = OneFormerTextMapper(width=64, num_layers=2, num_ctx=3)
    texts = [['a photo with a cat', 'a semantic photo', 'a semantic photo'],
             ['a photo with a traffic light'] + 2 * ['a panoptic photo']]
    found = mapper(texts)
    wanted = plain(mapper, sum(texts, [])).view(2, 3, -1)
    assert found.shape == (2, 6, 64)
    assert (found[:, :3] - wanted).abs().max() < 1e-5
    assert torch.equal(found[0, 3:], mapper.context.weight)

    def gradients(value):
        mapper.zero_grad()
        value.square().sum().backward()
        return [
            p.grad.clone() for p in mapper.parameters()
            if p is not mapper.context.weight
        ]

    for one, other in zip(gradients(found[:, :3]), gradients(wanted)):
        assert (one - other).norm() <= 1e-4 * other.norm() + 1e-8


def test_each_sentence_is_encoded_once():
    mapper = OneFormerTextMapper(width=64, num_layers=1, num_ctx=0)
    seen = []
    mapper.layers[0].register_forward_hook(
        lambda module, args, out: seen.append(args[0].shape))
    found = mapper([['a panoptic photo'] * 130] * 4)
    assert seen == [(1, 6, 64)] and found.shape == (4, 130, 64)


def test_width():
    with pytest.raises(ValueError, match='text_mapper.width'):
        OneFormerTextMapper(width=65, num_heads=2)
