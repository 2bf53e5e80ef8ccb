import time

import pytest
import torch

from mmseg_ext.compat.kernels import nms


def brute_force(boxes, scores, threshold, offset):
    """Greedy suppression, box by box, as its definition reads."""

    def iou(a, b):
        width = min(a[2], b[2]) - max(a[0], b[0]) + offset
        height = min(a[3], b[3]) - max(a[1], b[1]) + offset
        inter = max(width, 0) * max(height, 0)
        areas = [(c[2] - c[0] + offset) * (c[3] - c[1] + offset)
                 for c in (a, b)]
        return inter / (sum(areas) - inter) if inter else 0

    kept = []
    for i in sorted(range(len(boxes)), key=lambda i: -scores[i]):
        if all(iou(boxes[i], boxes[j]) <= threshold for j in kept):
            kept.append(i)
    return kept


def random_boxes(number, seed=0, spread=30):
    generator = torch.Generator().manual_seed(seed)
    corners = torch.rand(number, 2, generator=generator) * spread
    sizes = torch.rand(number, 2, generator=generator) * 20
    scores = torch.randperm(number, generator=generator) / number
    return torch.cat([corners, corners + sizes], 1), scores


@pytest.mark.parametrize('threshold', [0., 0.3, 0.7])
@pytest.mark.parametrize('offset', [0, 1])
def test_equals_brute_force(threshold, offset):
    boxes, scores = random_boxes(150)
    expected = brute_force(boxes.tolist(), scores.tolist(), threshold, offset)
    assert 1 < len(expected) < 150
    assert nms(boxes, scores, threshold, offset).tolist() == expected


def test_equals_brute_force_over_several_blocks(monkeypatch):
    monkeypatch.setattr('mmseg_ext.compat.kernels.greedy_nms.BLOCK', 7)
    boxes, scores = random_boxes(150, seed=1)
    expected = brute_force(boxes.tolist(), scores.tolist(), 0.4, 0)
    assert nms(boxes, scores, 0.4, 0).tolist() == expected


def test_a_dropped_box_drops_none():
    # Each box overlaps the next one only: every second one stays.
    left = torch.arange(40.) * 5
    boxes = torch.stack([left, left * 0, left + 10, left * 0 + 10], 1)
    scores = torch.linspace(1, 0.1, 40)
    assert nms(boxes, scores, 0.3, 0).tolist() == list(range(0, 40, 2))


def test_no_boxes_and_boxes_without_area():
    empty = nms(torch.zeros(0, 4), torch.zeros(0), 0.5, 0)
    assert empty.dtype == torch.int64 and empty.shape == (0, )
    points = torch.ones(3, 4)
    assert nms(points, torch.tensor([1., 3., 2.]), 0.5,
               0).tolist() == [1, 2, 0]


def test_half_precision():
    boxes, scores = random_boxes(60, spread=30)
    boxes, scores = boxes.half(), scores.half()
    expected = nms(boxes.float(), scores.float(), 0.5, 0)
    assert torch.equal(nms(boxes, scores, 0.5, 0), expected)


def test_mmcv_calls_it():
    ops = pytest.importorskip('mmcv.ops')
    boxes, scores = random_boxes(80)
    detections, kept = ops.nms(
        boxes, scores, 0.5, score_threshold=0.25, max_num=10)
    above = (scores > 0.25).nonzero()[:, 0].tolist()
    expected = brute_force(boxes[above].tolist(), scores[above].tolist(), 0.5,
                           0)[:10]
    assert kept.tolist() == [above[i] for i in expected]
    assert torch.equal(detections[:, 4], scores[kept])
    labels = torch.arange(80) % 3
    _, kept = ops.batched_nms(boxes, scores, labels, dict(iou_threshold=0.5))
    expected = [
        i for label in range(3)
        for i in nms(boxes[label::3], scores[label::3], 0.5, 0) * 3 + label
    ]
    assert sorted(kept.tolist()) == sorted(int(i) for i in expected)


def test_thousands_of_boxes_in_reasonable_time():
    boxes, scores = random_boxes(5000, spread=2000)
    start = time.perf_counter()
    kept = nms(boxes, scores, 0.5, 0)
    assert len(kept) > 1000
    assert time.perf_counter() - start < 10
