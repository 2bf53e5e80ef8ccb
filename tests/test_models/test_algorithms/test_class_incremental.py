import pytest
import torch
from mmseg.registry import MODELS

from mmseg_ext.models.utils.classifier_growth import grow, with_num_classes
from mmseg_ext.models.utils.heads import detached, flat_features
from .test_weakly_incremental import CLASSES, NEW, OLD, build, student_cfg
from .toy import SEGMENTOR


class TestGrowth:

    def previous(self):
        torch.manual_seed(5)
        return MODELS.build(with_num_classes(SEGMENTOR, 4, OLD)).state_dict()

    @pytest.mark.parametrize('prefix', ['', 'segmentor.'])
    def test_load_from(self, prefix):
        """Old channels of the grown student equal the old model's."""
        model = build().eval()
        state = {prefix + key: x for key, x in self.previous().items()}
        if prefix:  # of this algorithm, with parts of its own
            state['teacher.conv_seg.weight'] = torch.zeros(3, 8, 1, 1)
            state['previous.decode_head.conv_seg.bias'] = torch.zeros(2)
        assert not model.has_previous
        result = model.load_state_dict(state, strict=True)
        assert not result.missing_keys and model.has_previous
        image = torch.randn(1, 3, 32, 32)
        old, new = model.previous._forward(image), model._forward(image)
        assert new.shape[1] == CLASSES
        assert torch.allclose(new[:, :OLD], old, rtol=0, atol=1e-6)

    def test_own_checkpoint(self):
        one, other = build(), build()
        one.load_state_dict(self.previous())
        other.load_state_dict(one.state_dict())
        assert other.has_previous
        for key, value in one.state_dict().items():
            assert torch.equal(value, other.state_dict()[key]), key

    def test_final_plain_checkpoint(self):
        model = build()
        state = model.segmentor.state_dict()
        build().load_state_dict(state, strict=False)

    def test_init_new(self):
        state = self.previous()
        weight = 'decode_head.conv_seg.weight'
        bias = 'decode_head.conv_seg.bias'
        grown = {
            kind: grow(state,
                       build().segmentor, OLD, CLASSES, kind)
            for kind in ('normal', 'background', 'prior')
        }
        for kind, found in grown.items():
            assert torch.equal(found[weight][:OLD], state[weight])
        ground = grown['background']
        assert torch.equal(ground[weight][OLD], state[weight][0])
        share = torch.log(torch.tensor(NEW + 1.))
        for i in (0, OLD, OLD + 1):
            assert torch.allclose(ground[bias][i], state[bias][0] - share)
        assert torch.allclose(grown['prior'][bias][OLD:].sigmoid(),
                              torch.tensor(0.01))
        assert (grown['normal'][bias][OLD:] == 0).all()

    def test_misfits(self):
        state = self.previous()
        state['decode_head.convs.0.conv.weight'] = torch.zeros(2)
        with pytest.raises(ValueError, match='give the checkpoint of the pr'):
            build().load_state_dict(state)
        other = MODELS.build(with_num_classes(SEGMENTOR, 4, 2)).state_dict()
        with pytest.raises(ValueError, match='of 3 old classes'):
            build().load_state_dict(other)


@pytest.mark.parametrize('kind', ['WeaklyIncremental', 'ImageTagging'])
@pytest.mark.parametrize('options,message', [
    (dict(init_new='zero'), 'init_new must be'),
    (dict(num_old_classes=CLASSES), 'num_old_classes is 5'),
    (dict(num_old_classes=0), 'num_old_classes is 0'),
])
def test_wrong_options(kind, options, message):
    options = dict(num_old_classes=OLD) | options
    with pytest.raises(ValueError, match=message):
        MODELS.build(dict(type=kind, segmentor=student_cfg(), **options))


def test_old_model_stays_in_eval_mode():
    model = build().train()
    assert model.segmentor.training and not model.previous.training
    assert not any(p.requires_grad for p in model.previous.parameters())
    assert build(distill_old=False).previous is None


def test_auxiliary_head_of_other_classes():
    """Such as the one of STDC for details."""
    cfg = student_cfg()
    cfg.auxiliary_head = dict(
        SEGMENTOR.decode_head, num_classes=2, in_index=1, in_channels=32)
    with pytest.raises(ValueError, match='FCNHead of 2 channels, but all'):
        build(segmentor=cfg)


def test_backbone_that_gives_a_bare_map_in_eval_mode(monkeypatch):
    """As DDRNet does; what is compared is of the same images."""
    model = build()
    model.load_state_dict(TestGrowth().previous())
    images = torch.randn(3, 3, 32, 32)
    feats = model.previous.extract_feat(images)
    model.feature_index = [-1]
    expected = model._compared(feats)
    found = model._compared(feats[-1])
    assert len(found) == 1 and found[0].shape == expected[0].shape


def test_nested_features():
    """As those of DPT, whose backbone gives tokens beside maps."""
    image = torch.ones(1, 2, requires_grad=True)
    feats = ([image * 1, image * 2], image * 3)
    assert [x.mean().item() for x in flat_features(feats)] == [1, 2, 3]
    read = detached(feats)
    assert isinstance(read, tuple) and isinstance(read[0], list)
    assert not any(x.requires_grad for x in flat_features(read))
