import copy

import mmseg_ext  # noqa: F401

# isort: split
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.model import BaseTTAModel
from mmengine.runner import load_checkpoint
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from mmseg.utils import register_all_modules

from mmseg_ext.models.segmentors import EnsembleSegmentor
from mmseg_ext.models.utils import mask_classification

register_all_modules()

PREPROCESSOR = dict(type='SegDataPreProcessor', mean=[127.] * 3, std=[50.] * 3)


def segmentor(num_classes=3, align_corners=False, **kwargs):
    config = dict(
        type='EncoderDecoder',
        data_preprocessor=PREPROCESSOR,
        backbone=dict(
            type='ResNetV1c',
            depth=18,
            stem_channels=4,
            base_channels=4,
            norm_cfg=dict(type='BN')),
        decode_head=dict(
            type='FCNHead',
            in_channels=32,
            channels=4,
            num_convs=1,
            concat_input=False,
            num_classes=num_classes,
            align_corners=align_corners,
            norm_cfg=dict(type='BN')),
        train_cfg=dict(),
        test_cfg=dict(mode='whole'))
    return ConfigDict(config | kwargs)


def binary_segmentor():
    cfg = segmentor(2)
    cfg['decode_head'].update(out_channels=1, threshold=0.4)
    return cfg


def build(*configs, **kwargs):
    torch.manual_seed(0)
    model = EnsembleSegmentor(models=list(configs), **kwargs)
    for part in model.models:
        part.decode_head.conv_seg.weight.data.normal_(std=3)
    return model.eval()


def batch(size=(32, 48), ori_shape=(40, 60), padding=(0, 0, 0, 0)):
    images = torch.randn(
        2, 3, *size, generator=torch.Generator().manual_seed(1))
    samples = [
        SegDataSample(
            metainfo=dict(
                ori_shape=ori_shape,
                img_shape=size,
                pad_shape=size,
                padding_size=list(padding))) for _ in images
    ]
    return images, samples


@torch.no_grad()
def scores(model, images, samples):
    samples = model.predict(images, copy.deepcopy(samples))
    return torch.stack([sample.seg_logits.data for sample in samples])


@pytest.mark.parametrize('weights', [None, [0.5, 0.5], [0.3, 1.1]])
def test_logits_are_summed(weights):
    model = build(segmentor(), segmentor(), weights=weights)
    images, samples = batch(padding=(0, 8, 0, 4))
    first, second = (scores(part, images, samples) for part in model.models)
    assert not torch.allclose(first, second)
    a, b = weights or (0.5, 0.5)
    torch.testing.assert_close(
        scores(model, images, samples), a * first + b * second)
    with torch.no_grad():
        result = model.predict(images, samples)[0]
    assert torch.equal(result.pred_sem_seg.data[0],
                       result.seg_logits.data.argmax(0))
    assert result.seg_logits.data.shape == (3, 40, 60)


def test_sum_at_the_size_of_the_input_is_exact():
    model = build(segmentor(), segmentor(), weights=[0.5, 0.5])
    images, samples = batch()
    metas = [sample.metainfo for sample in samples]
    with torch.no_grad():
        first, second = (
            part.inference(images, metas) for part in model.models)
        expected = 0.5 * first + 0.5 * second
        assert torch.equal(model.inference(images, metas), expected)
        assert torch.equal(model.encode_decode(images, metas), expected)


def test_probabilities_are_averaged():
    model = build(segmentor(), segmentor(), weights=[1., 3.], space='prob')
    images, samples = batch()
    first, second = (
        scores(part, images, samples).softmax(1) for part in model.models)
    expected = (first + 3 * second) / 4
    found = scores(model, images, samples)
    torch.testing.assert_close(found.softmax(1), expected)
    torch.testing.assert_close(found.exp(), expected)


def test_shares_of_masks_are_averaged(monkeypatch):
    """Heads that classify masks give no logits but sums of probabilities."""
    model = build(segmentor(), segmentor(), space='prob')
    images, samples = batch()
    monkeypatch.setattr(
        type(model.decode_head), 'forward',
        lambda self, x: self.cls_seg(self._forward_feature(x)).sigmoid())
    monkeypatch.setattr(mask_classification, 'classifies_masks', bool)
    sums = [scores(part, images, samples) for part in model.models]
    expected = sum(x / x.sum(1, keepdim=True) for x in sums) / 2
    found = scores(model, images, samples).exp()
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_binary_heads():
    images, samples = batch()
    model = build(binary_segmentor(), binary_segmentor(), space='prob')
    first, second = (scores(part, images, samples) for part in model.models)
    expected = (first + second) / 2
    with torch.no_grad():
        results = model.predict(images, samples)
    torch.testing.assert_close(results[0].seg_logits.data, expected[0])
    assert torch.equal(results[0].pred_sem_seg.data, (expected[0]
                                                      > 0.4).float())


def test_models_infer_as_their_own_test_cfg_says():
    slide = dict(mode='slide', crop_size=(32, 32), stride=(32, 16))
    model = build(segmentor(test_cfg=slide), segmentor(align_corners=True))
    images, samples = batch()
    first, second = (scores(part, images, samples) for part in model.models)
    found = scores(model, images, samples)
    # The last resize is that of the first model.
    assert found.shape == first.shape
    with torch.no_grad():
        metas = [sample.metainfo for sample in samples]
        inner = model.inference(images, metas)
        expected = sum(
            part.inference(images, copy.deepcopy(metas)) / 2
            for part in model.models)
    torch.testing.assert_close(inner, expected)
    assert metas[0]['img_shape'] == (32, 48)


def test_samples_are_not_needed():
    model = build(segmentor(), segmentor())
    images, _ = batch()
    for space in ('logits', 'prob'):
        model.space = space
        with torch.no_grad():
            results = model.predict(images)
        assert len(results) == 2
        assert results[0].pred_sem_seg.data.shape[-2:] == (32, 48)


def test_stock_modes_and_tta():
    model = build(segmentor(), segmentor(), space='prob')
    images, samples = batch()
    with torch.no_grad():
        assert len(model(images)) == 2
        tta = MODELS.build(dict(type='SegTTAModel', module=model))
        assert isinstance(tta, BaseTTAModel)
        views = [model.predict(images, copy.deepcopy(samples))[:1]] * 2
        for view in views:
            view[0].set_metainfo(dict(img_path='a.png'))
            view[0].gt_sem_seg = PixelData(data=torch.zeros(1, 40, 60))
        merged = tta.merge_preds([[view[0] for view in views]])
    assert merged[0].pred_sem_seg.data.shape[-2:] == (40, 60)
    with pytest.raises(NotImplementedError, match='predicts only'):
        model(images, samples, mode='loss')


@pytest.fixture
def checkpoints(tmp_path):
    """A checkpoint of a segmentor and one of an algorithm around it."""
    paths = []
    for i, prefix in enumerate(['', 'segmentor.']):
        state = build(segmentor()).models[0].state_dict()
        state = {f'{prefix}{key}': value + i for key, value in state.items()}
        if prefix:
            state['teacher.weight'] = torch.zeros(1)
        paths.append(str(tmp_path / f'{i}.pth'))
        meta = dict(dataset_meta=dict(classes=('a', 'b', 'c')))
        torch.save(dict(meta=meta, state_dict=state), paths[-1])
    return paths


def weight(model, index):
    return model.models[index].decode_head.conv_seg.weight


def test_checkpoints_are_loaded(checkpoints):
    model = EnsembleSegmentor([segmentor(), segmentor()], checkpoints)
    expected = build(segmentor()).models[0].decode_head.conv_seg.weight
    assert torch.equal(weight(model, 0), expected)
    assert torch.equal(weight(model, 1), expected + 1)


@pytest.mark.parametrize('index', [0, 1])
def test_checkpoint_of_the_test_tool_goes_to_the_first(checkpoints, index):
    model = EnsembleSegmentor([segmentor(), segmentor()],
                              [None, checkpoints[1]])
    second = weight(model, 1).clone()
    load_checkpoint(model, checkpoints[index], strict=True)
    expected = build(segmentor()).models[0].decode_head.conv_seg.weight
    assert torch.equal(weight(model, 0), expected + index)
    assert torch.equal(weight(model, 1), second)


def test_own_checkpoint_is_loaded(tmp_path):
    model = build(segmentor(), segmentor())
    path = str(tmp_path / 'both.pth')
    torch.save(dict(state_dict=model.state_dict()), path)
    other = EnsembleSegmentor([segmentor(), segmentor()])
    load_checkpoint(other, path, strict=True)
    for i in range(2):
        assert torch.equal(weight(model, i), weight(other, i))


def test_foreign_checkpoints_are_refused(checkpoints, tmp_path):
    with pytest.raises(ValueError, match=r'checkpoints\[1\].*conv_seg'):
        EnsembleSegmentor([segmentor(4), segmentor(4)], [None, checkpoints[0]])
    path = str(tmp_path / 'other.pth')
    torch.save(dict(state_dict=dict(weight=torch.zeros(1))), path)
    model = EnsembleSegmentor([segmentor()])
    with pytest.raises(ValueError, match='of another model'):
        load_checkpoint(model, path)
    torch.save(
        dict(
            meta=dict(dataset_meta=dict(classes=('a', 'b', 'd'))),
            state_dict=torch.load(checkpoints[0])['state_dict']), path)
    with pytest.raises(ValueError, match='classes a, b, d, but .* a, b, c'):
        EnsembleSegmentor([segmentor(), segmentor()], [checkpoints[0], path])


def test_segmentor_is_taken_out_of_an_algorithm():
    inner = segmentor()
    preprocessor = inner.pop('data_preprocessor')
    algorithm = dict(
        type='DomainAdaptation',
        segmentor=inner,
        data_preprocessor=dict(
            type='BranchDataPreprocessor', data_preprocessor=preprocessor))
    preprocessor = dict(PREPROCESSOR, size=(64, 64))  # in training only
    model = EnsembleSegmentor(
        [algorithm, segmentor(data_preprocessor=preprocessor)])
    assert type(model.models[0]).__name__ == 'EncoderDecoder'
    assert type(model.data_preprocessor).__name__ == 'SegDataPreProcessor'


def test_arguments_of_the_stock_tools():
    model = MODELS.build(
        dict(
            type='EnsembleSegmentor',
            models=[segmentor()],
            pretrained=None,
            train_cfg=None,
            test_cfg=dict(mode='slide'),
            data_preprocessor=dict(type='SegDataPreProcessor')))
    assert model.models[0].test_cfg['mode'] == 'slide'
    assert (model.num_classes, model.out_channels) == (3, 3)
    assert not model.align_corners
    # that of the models comes first
    assert model.data_preprocessor.mean.flatten().tolist() == [127.] * 3


@pytest.mark.parametrize('models, kwargs, match', [
    ([], {}, 'model.models is empty'),
    ([segmentor()] * 2, dict(weights=[1.]), 'weights has 1 entries, .* has 2'),
    ([segmentor()], dict(checkpoints=[]), 'checkpoints has 0'),
    ([segmentor()], dict(weights=[-1.]), 'model.weights'),
    ([segmentor()], dict(space='labels'), 'model.space'),
    ([segmentor(), segmentor(4)], {}, 'num_classes=4, but .* has 3'),
    ([
        segmentor(),
        segmentor(data_preprocessor=dict(type='SegDataPreProcessor'))
    ], {}, 'different data_preprocessors'),
])
def test_impossible_settings(models, kwargs, match):
    with pytest.raises(ValueError, match=match):
        EnsembleSegmentor(models, **kwargs)
