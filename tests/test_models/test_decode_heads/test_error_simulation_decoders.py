import pytest
import torch
from mmengine.runner import load_state_dict
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import nn

from mmseg_ext.models.decode_heads.error_simulation_decoders import \
    gated_image_losses

HEAD = dict(
    type='FCNHead',
    in_channels=8,
    channels=4,
    num_convs=1,
    concat_input=False,
    norm_cfg=dict(type='BN'))


def build(num_classes=3, alphas=(20., 50.)):
    decoders = MODELS.build(
        dict(
            type='ErrorSimulationDecoders',
            alphas=alphas,
            decode_head=dict(HEAD, num_classes=num_classes)))
    return nn.ModuleDict(dict(aux_decoders=decoders))


@pytest.mark.parametrize('source,expected', [
    (dict(), True),
    (dict(alphas=(20., 50., 100.)), True),
    (dict(alphas=(20., )), False),
    (dict(alphas=()), False),
    (dict(num_classes=4), False),
])
def test_they_know_whether_a_checkpoint_has_them_as_a_whole(source, expected):
    model = build()
    assert not model.aux_decoders.loaded
    load_state_dict(model, build(**source).state_dict(), strict=False)
    assert model.aux_decoders.loaded is expected


def test_none_are_never_loaded():
    model = build(alphas=())
    load_state_dict(model, build().state_dict(), strict=False)
    assert not model.aux_decoders.loaded


@pytest.mark.parametrize('ignore_index', [255, 0])
@pytest.mark.parametrize('all_void', [False, True])
def test_image_without_a_label_is_a_connected_zero(ignore_index, all_void):
    head = MODELS.build(
        dict(
            HEAD,
            num_classes=2,
            out_channels=1,
            threshold=0.3,
            ignore_index=ignore_index,
            loss_decode=dict(
                type='CrossEntropyLoss', use_sigmoid=True,
                avg_non_ignore=True)))
    labels = torch.ones(2, 1, 4, 4).long()
    labels[1 - all_void:] = ignore_index
    samples = [SegDataSample(gt_sem_seg=PixelData(data=x)) for x in labels]
    logits = torch.randn(2, 1, 4, 4, requires_grad=True)
    losses = gated_image_losses(head, logits, samples, torch.ones(2))
    expected = -logits[0].sigmoid().log().mean() / 2 * (not all_void)
    torch.testing.assert_close(losses['loss_ce'], expected)
    losses['loss_ce'].backward()
    assert (logits.grad[1] == 0).all()
    assert (samples[1].gt_sem_seg.data == ignore_index).all()
