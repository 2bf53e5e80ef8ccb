"""The form for ``EncoderDecoder`` and plain label maps."""
import pytest
import torch

pytest.importorskip('mmdet')

from mmengine.config import Config  # noqa: E402
from mmengine.registry import DefaultScope  # noqa: E402
from mmengine.structures import PixelData  # noqa: E402
from mmseg.registry import MODELS  # noqa: E402
from mmseg.structures import SegDataSample  # noqa: E402

from mmseg_ext.models.utils.denoising_head import classifier_keys  # noqa: E402


@pytest.fixture(scope='module')
def cfg(repo):
    cfg = Config.fromfile(
        str(repo / 'configs/oneformer/oneformer_semantic-head_toystreet.py'))
    cfg.model.decode_head.train_cfg.num_points = 64
    return cfg.model


def build(cfg, **kwargs):
    cfg = cfg.copy()
    cfg.decode_head = dict(cfg.decode_head, **kwargs)
    with DefaultScope.overwrite_default_scope('mmseg'):
        torch.manual_seed(0)
        return MODELS.build(cfg)


def samples(*labels):
    return [
        SegDataSample(
            metainfo=dict(img_shape=(64, 64), ori_shape=(64, 64)),
            gt_sem_seg=PixelData(data=label)) for label in labels
    ]


def test_loss(cfg):
    """Also of an image without a label, and of one class."""
    model = build(cfg)
    labels = torch.randint(0, 9, (1, 8, 8)).repeat_interleave(
        8, 1).repeat_interleave(8, 2)
    void = torch.full_like(labels, 255)
    for batch in (samples(labels,
                          void), samples(void,
                                         void), samples(void * 0, labels)):
        with DefaultScope.overwrite_default_scope('mmseg'):
            found = model.loss(torch.randn(2, 3, 64, 64), batch)
        losses = {k: v for k, v in found.items() if 'loss' in k}
        assert 'decode.loss_contrastive' in losses
        model.zero_grad()
        sum(losses.values()).backward()
        assert all(p.grad is not None for p in model.parameters())


def test_outputs(cfg):
    """Logarithms of the shares rank as the scores do."""
    scores, logs = build(cfg), build(cfg, output='log_prob')
    logs.load_state_dict(scores.state_dict())
    images = torch.randn(2, 3, 64, 96)
    with torch.no_grad():
        one, other = (
            m.eval().encode_decode(
                images, [dict(img_shape=(64, 96), pad_shape=(64, 96))] * 2)
            for m in (scores, logs))
    assert one.shape == other.shape == (2, 9, 64, 96)
    assert (one >= 0).all() and (other <= 0).all()
    assert torch.equal(one.argmax(1), other.argmax(1))
    assert (other.softmax(1) - one / one.sum(1, True)).abs().max() < 1e-3


@pytest.mark.parametrize('side', [64, 93])
def test_sliding_window(cfg, side):
    """Also beside the pad_shape of the whole image, of nearly its size."""
    cfg = cfg.copy()
    cfg.test_cfg = dict(mode='slide', crop_size=(side, side), stride=(48, 48))
    model = build(cfg).eval()
    with torch.no_grad():
        found = model.predict(torch.randn(1, 3, 96, 96))[0]
        assert found.seg_logits.data.shape == (9, 96, 96)
        # an image that the preprocessor pads
        sample = SegDataSample(
            metainfo=dict(img_shape=(90, 120), ori_shape=(90, 120)))
        found = model.test_step(
            dict(
                inputs=[torch.zeros(3, 90, 120, dtype=torch.uint8)],
                data_samples=[sample]))[0]
        assert found.seg_logits.data.shape == (9, 90, 120)
        # one pass over all of it
        metas = [dict(img_shape=(90, 120), pad_shape=(96, 128))]
        found = model.encode_decode(torch.randn(1, 3, 96, 128), metas)
        assert found.shape == (1, 9, 96, 128)


def test_losses_by_default(cfg):
    """Those of mmdet, in the scope of mmseg too."""
    cfg = cfg.copy()
    cfg.decode_head = {
        key: value
        for key, value in cfg.decode_head.items()
        if key not in ('loss_cls', 'loss_mask', 'loss_dice')
    }
    head = build(cfg).decode_head
    kinds = {
        type(loss).__module__
        for loss in (head.loss_cls, head.loss_mask, head.loss_dice)
    }
    assert all(kind.startswith('mmdet.') for kind in kinds)
    assert head.class_weight == [1.] * 9 + [0.1]


@pytest.mark.parametrize('change, message', [
    (dict(class_names=('sky', )), 'class_names'),
    (dict(output='logit'), 'decode_head.output'),
    (dict(num_classes=1, class_names=('sky', )), 'num_classes must be 2'),
    (dict(loss_cls=dict(class_weight=[1.] * 10 + [0.1])),
     'decode_head.loss_cls.class_weight must have 10 numbers.* has 11'),
])
def test_refusals(cfg, change, message):
    with pytest.raises(ValueError, match=message):
        build(cfg, **change)


def test_classifier_keys(cfg):
    """What a pre-training on other classes does not leave."""
    with DefaultScope.overwrite_default_scope('mmseg'):
        assert classifier_keys(cfg) == [
            'decode_head.cls_embed.weight', 'decode_head.cls_embed.bias'
        ]


def test_training_without_train_cfg(cfg):
    model = build(cfg, train_cfg=None)
    labels = torch.zeros((1, 64, 64), dtype=torch.long)
    with pytest.raises(ValueError, match='decode_head.train_cfg'):
        model.loss(torch.randn(1, 3, 64, 64), samples(labels))
