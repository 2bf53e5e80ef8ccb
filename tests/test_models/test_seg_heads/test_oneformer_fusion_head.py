import pytest
import torch

pytest.importorskip('mmdet')

from mmengine.config import ConfigDict  # noqa: E402

from mmseg_ext.models.seg_heads import OneFormerFusionHead  # noqa: E402

VOID = 3


def head(**kwargs):
    cfg = dict(max_per_image=6, object_mask_thr=0.5, iou_thr=0.8)
    return OneFormerFusionHead(
        num_things_classes=1,
        num_stuff_classes=2,
        thing_classes=[1],
        test_cfg=ConfigDict(cfg, **kwargs))


def logits(classes, masks):
    """Sure queries of these classes and masks."""
    scores = torch.full((len(classes), 4), -10.)
    scores[range(len(classes)), classes] = 10.
    return scores, torch.stack(masks).float() * 20 - 10


def stripe(first, last):
    mask = torch.zeros(10, 10)
    mask[first:last] = 1
    return mask


def test_panoptic_ids():
    """Stuff of a class is one segment, things are counted, void is left."""
    scores, masks = logits([0, 0, 1, 1, VOID], [
        stripe(0, 2),
        stripe(2, 4),
        stripe(4, 6),
        stripe(6, 8),
        stripe(8, 10)
    ])
    found = head().panoptic_postprocess(scores, masks).sem_seg
    assert found.shape == (1, 10, 10) and found.dtype == torch.int32
    assert found[0, :, 0].tolist() == [
        1000, 1000, 1000, 1000, 1001, 1001, 2001, 2001, VOID, VOID
    ]


@pytest.mark.parametrize('rows, kept', [(79, False), (81, True)])
def test_overlap(rows, kept):
    """A query keeps its segment from 80 % of its own mask on."""
    below, above = torch.zeros(100, 10), torch.zeros(100, 10)
    below[:] = 1
    above[rows:] = 1
    scores, masks = logits([0, 2], [below, above])
    scores[0] *= 0.3  # the other query wins the pixels of both
    found = head().panoptic_postprocess(scores, masks).sem_seg[0]
    assert (found[0, 0] == 1000) == kept
    assert found[-1, 0] == 1002


def test_as_mmdet():
    """mmdet's own head, where things come first, but for ids of stuff."""
    from mmdet.models.seg_heads.panoptic_fusion_heads import \
        MaskFormerFusionHead
    torch.manual_seed(0)
    cfg = ConfigDict(
        object_mask_thr=0.3,
        iou_thr=0.2,
        filter_low_score=True,
        max_per_image=20)
    args = dict(num_things_classes=2, num_stuff_classes=2, test_cfg=cfg)
    ours, theirs = OneFormerFusionHead(**args), MaskFormerFusionHead(**args)
    scores = 4 * torch.randn(12, 5)
    masks = torch.nn.functional.interpolate(
        8 * torch.randn(1, 12, 4, 4), (24, 24), mode='bilinear')[0]
    one = ours.panoptic_postprocess(scores, masks).sem_seg
    other = theirs.panoptic_postprocess(scores, masks).sem_seg
    other = torch.where((other == 2) | (other == 3), other + 1000, other)
    assert len(one.unique()) > 3
    # the numbers of things may leave gaps where a query is given up
    assert torch.equal(one, other)
    one, other = (
        x.instance_postprocess(scores, masks) for x in (ours, theirs))
    for key in ('labels', 'scores', 'masks', 'bboxes'):
        assert torch.equal(one[key], other[key])


def test_instances():
    """Only things, with the mean of the mask in the score."""
    scores, masks = logits([0, 1, 2], [stripe(0, 3)] * 3)
    masks[1, 0] = 1.
    found = head().instance_postprocess(scores, masks)
    best = found[found.scores > 0.5]
    assert found.labels.unique().tolist() == [1]
    assert len(best) == 1 and best.masks[0].sum() == 30
    inside = masks[1, :3].sigmoid().mean()
    assert float(best.scores) == pytest.approx(float(inside), abs=1e-4)
    assert best.bboxes[0].tolist() == [0, 0, 10, 3]


def test_semantic():
    scores, masks = logits(
        [2, 1, 1],
        [stripe(0, 5), stripe(5, 7), stripe(7, 10)])
    found = head().semantic_postprocess(scores, masks).sem_seg
    assert found.shape == (1, 10, 10)
    assert found[0, :, 0].tolist() == [2] * 5 + [1] * 5


def test_nothing_is_found():
    scores, masks = logits([VOID, VOID], [stripe(0, 5), stripe(5, 10)])
    found = head().panoptic_postprocess(scores, masks).sem_seg
    assert found.unique().tolist() == [VOID]


def test_things():
    with pytest.raises(ValueError, match='thing_classes'):
        OneFormerFusionHead(1, 2, thing_classes=[3])
