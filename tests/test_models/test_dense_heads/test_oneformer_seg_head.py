"""The form for ``EncoderDecoder`` and plain label maps."""
import pytest
import torch

pytest.importorskip('mmdet')

from mmengine.config import Config  # noqa: E402
from mmengine.registry import DefaultScope  # noqa: E402
from mmengine.structures import PixelData  # noqa: E402
from mmseg.registry import MODELS  # noqa: E402
from mmseg.structures import SegDataSample  # noqa: E402


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


@pytest.mark.parametrize('change, message', [
    (dict(class_names=('sky', )), 'class_names'),
    (dict(output='logit'), 'decode_head.output'),
])
def test_refusals(cfg, change, message):
    with pytest.raises(ValueError, match=message):
        build(cfg, **change)
