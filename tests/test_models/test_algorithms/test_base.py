import copy

import pytest
import torch
from mmseg.models import SegDataPreProcessor
from mmseg.registry import MODELS

from mmseg_ext.models.data_preprocessors import (BranchDataPreprocessor,
                                                 knows_branches)
from .toy import SEGMENTOR, build_eln, make_batch


def test_predicts_as_the_plain_segmentor():
    model = build_eln().eval()
    plain = MODELS.build(SEGMENTOR).eval()
    plain.load_state_dict(model.segmentor.state_dict())
    inputs, samples = make_batch()
    with torch.no_grad():
        ours = model(inputs['unlabeled'], samples['unlabeled'], 'predict')
        theirs = plain(inputs['unlabeled'],
                       make_batch()[1]['unlabeled'], 'predict')
        assert torch.equal(
            model(inputs['unlabeled']), plain(inputs['unlabeled']))
    for one, other in zip(ours, theirs):
        assert torch.equal(one.seg_logits.data, other.seg_logits.data)


def test_plain_checkpoint_loads_into_student_and_teacher():
    model = build_eln()
    plain = MODELS.build(SEGMENTOR)
    plain.init_weights()
    result = model.load_state_dict(plain.state_dict(), strict=False)
    assert not result.unexpected_keys
    for name, value in plain.state_dict().items():
        assert torch.equal(model.segmentor.state_dict()[name], value)
        assert torch.equal(model.teacher.state_dict()[name], value)


def test_plain_checkpoint_may_have_a_head_more():
    segmentor = copy.deepcopy(SEGMENTOR)
    segmentor.auxiliary_head = dict(
        segmentor.decode_head, in_index=2, in_channels=32)
    plain, model = MODELS.build(segmentor), build_eln()
    result = model.load_state_dict(plain.state_dict(), strict=False)
    assert result.unexpected_keys
    assert all('auxiliary_head' in key for key in result.unexpected_keys)
    for name, value in model.segmentor.state_dict().items():
        assert torch.equal(value, plain.state_dict()[name])
        assert torch.equal(value, model.teacher.state_dict()[name])


def test_own_checkpoint_round_trip_is_strict():
    model, other = build_eln(), build_eln()
    other.load_state_dict(model.state_dict(), strict=True)
    for name, value in model.state_dict().items():
        assert torch.equal(value, other.state_dict()[name]), name


def test_checkpoint_of_another_model_is_refused():
    with pytest.raises(ValueError, match='of another model'):
        build_eln().load_state_dict(
            torch.nn.Linear(2, 2).state_dict(), strict=False)


def test_stock_tools_may_set_pretrained_and_train_cfg():
    model = build_eln(pretrained=None, train_cfg=None)
    assert model.with_decode_head and not model.with_neck
    assert not model.with_auxiliary_head
    assert model.num_classes == model.out_channels == 4
    assert model.test_cfg['mode'] == 'whole'


def test_test_cfg_reaches_the_segmentor():
    model = build_eln(
        test_cfg=dict(mode='slide', crop_size=(16, 16), stride=(8, 8)))
    assert model.segmentor.test_cfg['mode'] == 'slide'
    assert model.teacher.test_cfg['mode'] == 'slide'


def test_predict_on_chooses_the_network_and_comes_back():
    model = build_eln()
    assert model.predictor is model.segmentor
    with model.predict_on('teacher'):
        assert model.predictor is model.teacher
    assert model.predictor is model.segmentor
    with pytest.raises(ValueError, match='predict_on'):
        with model.predict_on('ema'):
            pass


def test_modes_of_the_teacher():
    model = build_eln(teacher_norm='running')
    assert model.training and not model.teacher.training
    model = build_eln()
    assert model.teacher.training
    assert not model.eval().teacher.training
    model.train()
    with model.teacher_inference():
        assert model.teacher.training
        assert not model.teacher.decode_head.dropout.training
    assert model.teacher.decode_head.dropout.training


@pytest.mark.parametrize('outer', [
    None,
    dict(type='SegDataPreProcessor', mean=[0.] * 3, std=[1.] * 3),
])
def test_data_preprocessor_of_the_segmentor_comes_first(outer):
    """The runner passes a stock one that stands at the top of a config."""
    inner = build_eln(data_preprocessor=outer).data_preprocessor
    assert type(inner).__name__ == 'BranchDataPreprocessor'
    assert inner.mean.flatten().tolist() == [127.] * 3


def test_explicit_branch_data_preprocessor_is_taken():
    outer = dict(
        type='BranchDataPreprocessor',
        data_preprocessor=dict(
            type='SegDataPreProcessor', mean=[1.] * 3, std=[1.] * 3))
    model = build_eln(data_preprocessor=outer)
    assert model.data_preprocessor.mean.flatten().tolist() == [1.] * 3


def test_classes_in_place_of_names():
    """As configs that import have them."""
    preprocessor = dict(
        type=BranchDataPreprocessor,
        data_preprocessor=dict(type='SegDataPreProcessor'))
    model = build_eln(data_preprocessor=preprocessor)
    inner = model.data_preprocessor.data_preprocessor
    assert type(inner) is SegDataPreProcessor
    assert knows_branches(dict(type='mmseg.BranchDataPreprocessor'))
    assert not knows_branches(dict(type=SegDataPreProcessor))
