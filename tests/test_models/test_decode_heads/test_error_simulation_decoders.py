import pytest
from mmengine.runner import load_state_dict
from mmseg.registry import MODELS
from torch import nn

import mmseg_ext  # noqa: F401

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
