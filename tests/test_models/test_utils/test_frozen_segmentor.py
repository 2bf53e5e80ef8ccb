import pytest
import torch
from mmengine.config import ConfigDict
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from mmseg.utils import register_all_modules

from mmseg_ext.models.utils.frozen_segmentor import FrozenSegmentor
from mmseg_ext.models.utils.image_space import from_loaded, to_loaded

register_all_modules()
SEGMENTOR = ConfigDict(
    type='EncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor', mean=[127.] * 3, std=[50.] * 3),
    backbone=dict(
        type='ResNetV1c',
        depth=18,
        stem_channels=8,
        base_channels=8,
        strides=(1, 2, 1, 1),
        norm_cfg=dict(type='BN')),
    decode_head=dict(
        type='FCNHead',
        in_channels=64,
        channels=16,
        num_convs=1,
        concat_input=False,
        num_classes=4,
        norm_cfg=dict(type='BN')),
    test_cfg=dict(mode='whole'))


def sample(height, width):
    shape = (height, width)
    return SegDataSample(
        metainfo=dict(img_shape=shape, ori_shape=shape, pad_shape=shape))


@pytest.fixture
def checkpoint(tmp_path):
    model = MODELS.build(SEGMENTOR)
    model.init_weights()
    path = tmp_path / 'segmentor.pth'
    torch.save(dict(state_dict=model.state_dict()), path)
    return str(path), model.eval()


@pytest.mark.parametrize('options', [
    dict(mean=[1., 2., 3.], std=[4., 5., 6.], bgr_to_rgb=True),
    dict(mean=[1., 2., 3.], std=[4., 5., 6.]),
    dict(rgb_to_bgr=True),
    dict(),
])
def test_images_of_another_network(options):
    """As if the file had been loaded for it."""
    loaded = torch.randint(256, (3, 4, 6), dtype=torch.uint8)
    preprocessor = MODELS.build(dict(type='SegDataPreProcessor', **options))
    fed = preprocessor(dict(inputs=[loaded], data_samples=[sample(4, 6)]))
    fed = fed['inputs']
    torch.testing.assert_close(
        to_loaded(fed, preprocessor), loaded[None].float())
    torch.testing.assert_close(
        from_loaded(loaded[None].float(), preprocessor), fed)


def test_predicts_what_the_segmentor_predicts(checkpoint):
    path, model = checkpoint
    frozen = FrozenSegmentor(SEGMENTOR, path, 'model.judge')
    loaded = torch.randint(256, (3, 32, 32), dtype=torch.uint8)
    data = dict(inputs=[loaded], data_samples=[sample(32, 32)])
    expected, = model.test_step(data)
    found, = frozen.predict(loaded[None].float(), [sample(32, 32)])
    assert torch.equal(expected.pred_sem_seg.data, found.pred_sem_seg.data)
    logits = frozen.logits(loaded[None].float())
    torch.testing.assert_close(
        logits, model._forward(model.data_preprocessor(data)['inputs']))


def test_takes_the_segmentor_out_of_an_algorithm(checkpoint, tmp_path):
    path, model = checkpoint
    wrapped = tmp_path / 'wrapped.pth'
    torch.save(
        dict(state_dict={
            f'segmentor.{key}': value
            for key, value in model.state_dict().items()
        }), wrapped)
    frozen = FrozenSegmentor(
        dict(type='DomainAdaptation', segmentor=SEGMENTOR), str(wrapped),
        'model.judge')
    assert torch.equal(frozen.segmentor.backbone.layer1[0].conv1.weight,
                       model.backbone.layer1[0].conv1.weight)


def test_is_frozen_and_no_part_of_the_checkpoint(checkpoint):
    frozen = FrozenSegmentor(SEGMENTOR, checkpoint[0], 'model.judge').train()
    assert not any(m.training for m in frozen.modules())
    assert not any(p.requires_grad for p in frozen.parameters())
    assert frozen.state_dict() == {}
    before = frozen.segmentor.state_dict()
    assert frozen.load_state_dict({}, strict=True)
    for key, value in frozen.segmentor.state_dict().items():
        assert torch.equal(value, before[key])
    frozen.init_weights()


def test_without_weights():
    frozen = FrozenSegmentor(SEGMENTOR, None, 'model.judge')
    with pytest.raises(ValueError, match='model.judge.checkpoint is None'):
        frozen.init_weights()
    with pytest.raises(ValueError, match='model.judge.checkpoint is None'):
        frozen.predict(torch.zeros(1, 3, 32, 32), [sample(32, 32)])
