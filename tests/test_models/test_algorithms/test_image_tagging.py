import pytest
import torch
from mmseg.registry import MODELS

from .test_weakly_incremental import OLD, batch, student_cfg


def build():
    torch.manual_seed(0)
    model = MODELS.build(
        dict(
            type='ImageTagging',
            segmentor=student_cfg(),
            num_old_classes=OLD,
            sharpness=1.5))
    model.train()
    return model


def test_against_the_formulas():
    """Looked at only where the old model sees background."""
    model = build().eval()
    bias = model.previous.decode_head.conv_seg.bias
    data = model.data_preprocessor(batch(labels=((3, 4), (4, ))), True)
    with torch.no_grad():
        old = model.previous._forward(data['inputs'])
        # so that about half is background
        bias[0] += (old[:, 1:].amax(1) - old[:, 0]).median()
        found = model.loss(**data)
        unknown = model.previous._forward(data['inputs']).argmax(1) == 0
        maps = model._forward(data['inputs'])[:, OLD:]
    assert 0 < unknown.sum() < unknown.numel()
    pooled, partial = torch.zeros(2, 2), []
    for i in range(2):
        inside = maps[i][:, unknown[i]]
        pooled[i] = (1.5 * inside).exp().mean(1).log() / 1.5
        prob = inside.softmax(0)
        shown = prob if i == 0 else prob[1:]
        partial.append(-shown.sum(0).log())
    tags = torch.tensor([[1., 1.], [0., 1.]])
    expected = torch.nn.functional.binary_cross_entropy_with_logits(
        pooled, tags)
    assert found['loss_tags'].item() == pytest.approx(
        expected.item(), rel=1e-4)
    expected = torch.cat(partial).mean()
    assert found['loss_partial'].item() == pytest.approx(
        expected.item(), abs=1e-5)


def test_nothing_new_and_nothing_unknown():
    model = build()
    model.previous.decode_head.conv_seg.bias.data[0] = -100
    data = model.data_preprocessor(batch(labels=((), (3, ))), True)
    found = model.loss(**data)
    assert found['loss_partial'] == 0
    (found['loss_tags'] + found['loss_partial']).backward()
    grads = [
        p.grad for p in model.segmentor.parameters() if p.grad is not None
    ]
    assert grads and all(g.isfinite().all() for g in grads)


def test_bare_passes():
    """The trained one ends in the losses of the iteration."""
    model = build()
    data = model.data_preprocessor(batch(), True)
    segmentor, old = model.bare_passes(**data).values()
    torch.manual_seed(2)
    found = model.loss(**data)
    torch.manual_seed(2)
    assert torch.equal(segmentor(), found['loss_tags'] + found['loss_partial'])
    assert old() is None


def test_sample_without_labels():
    data = batch(masks=False)
    del data['data_samples'][1].image_labels
    model = build()
    with pytest.raises(
            ValueError,
            match='ImageTagging finds no image_labels in a sample: use '
            'ClassIncrementalDataset with a step from 1 on and end'):
        model.loss(**model.data_preprocessor(data, True))
