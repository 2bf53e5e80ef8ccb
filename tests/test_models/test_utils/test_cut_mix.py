import mmseg_ext  # noqa: F401

# isort: split
import pytest
import torch
from mmseg.registry import MODELS

from mmseg_ext.models.utils.cut_mix import BoxMix, CutMix


def test_boxes_keep_to_area_aspect_and_image():
    torch.manual_seed(0)
    height, width = 200, 400
    cut_mix = CutMix(prob=1.)
    top, left, bottom, right = cut_mix.sample_boxes(4000, height,
                                                    width).unbind(1)
    assert top.min() >= 0 and left.min() >= 0
    assert bottom.max() <= height and right.max() <= width
    # to whole pixels: a side is up to one pixel shorter
    tall, wide = (bottom - top) / height, (right - left) / width
    assert (tall * wide).max() <= 0.4
    assert ((tall + 1 / height) * (wide + 1 / width)).min() >= 0.02
    assert ((tall + 1 / height) / wide).min() >= 0.3
    assert (tall / (wide + 1 / width)).max() <= 1 / 0.3
    # all of the ranges, and all of the image
    assert (tall * wide).mean().sub(0.21).abs() < 0.01
    assert top.min() == 0 and bottom.max() == height
    assert (tall / wide).min() < 0.4 and (tall / wide).max() > 2.5


def test_a_box_can_be_as_high_as_the_image():
    torch.manual_seed(0)
    boxes = CutMix(1., (0.3, 0.4), (1., 1 / 0.3)).sample_boxes(500, 32, 32)
    sides = boxes[:, 2] - boxes[:, 0]
    assert sides.max() >= 31 and boxes[:, 2].max() == 32


@pytest.mark.parametrize('prob', [0., 0.3, 1.])
def test_share_of_images_with_a_box(prob):
    torch.manual_seed(0)
    boxes = CutMix(prob).sample_boxes(2000, 64, 64)
    share = (boxes[:, 2] > boxes[:, 0]).float().mean()
    assert abs(float(share) - prob) < 0.04
    assert (boxes[boxes[:, 2] == boxes[:, 0]] == 0).all()


def test_image_and_maps_are_mixed_alike():
    """Each pixel of every map comes from the image that the box says."""
    torch.manual_seed(0)
    images = torch.arange(3.).view(3, 1, 1, 1).expand(3, 2, 24, 32)
    labels = images[:, 0].long()
    cut_mix = CutMix(1.)
    torch.manual_seed(1)
    boxes = cut_mix.sample_boxes(3, 24, 32)
    torch.manual_seed(1)
    mix = cut_mix(images)
    mixed, mixed_labels = mix(images), mix(labels)
    assert mixed_labels.dtype == labels.dtype
    for i, (top, left, bottom, right) in enumerate(boxes.tolist()):
        expected = torch.full((24, 32), float(i))
        expected[top:bottom, left:right] = (i - 1) % 3
        assert torch.equal(mixed_labels[i], expected.long())
        for channel in mixed[i]:
            assert torch.equal(channel, expected)
    # untouched: the teacher's labels serve the other views as well
    assert torch.equal(labels, images[:, 0].long())


def test_maps_on_a_coarser_grid():
    inside = torch.zeros(2, 8, 8, dtype=torch.bool)
    inside[0, :4, 2:] = True
    keep = torch.tensor([True, False]).view(2, 1, 1).expand(2, 4, 4)
    mixed = BoxMix(inside)(keep)
    expected = keep.clone()
    expected[0, :2, 1:] = False
    assert torch.equal(mixed, expected)
    embedding = torch.randn(2, 5, 4, 4)
    mixed = BoxMix(inside)(embedding)
    assert torch.equal(mixed[0, :, :2, 1:], embedding[1, :, :2, 1:])
    assert torch.equal(mixed[0, :, :, 0], embedding[0, :, :, 0])
    assert torch.equal(mixed[1], embedding[1])


def test_same_generator_state_same_boxes():
    cut_mix = MODELS.build(dict(type='CutMix'))
    images = torch.zeros(4, 3, 16, 16)
    drawn = []
    for _ in range(2):
        torch.manual_seed(3)
        drawn.append((cut_mix(images).inside, torch.rand(())))
    assert torch.equal(drawn[0][0], drawn[1][0])
    assert drawn[0][0].any()
    # as many numbers are drawn, whatever comes out
    torch.manual_seed(3)
    CutMix(prob=0.)(images)
    assert torch.rand(()) == drawn[0][1]


def test_batch_of_one_stays():
    torch.manual_seed(0)
    images = torch.randn(1, 3, 16, 16)
    assert torch.equal(CutMix(1.)(images)(images), images)


@pytest.mark.parametrize('field,value', [('prob', 1.5), ('area', (0., 0.4)),
                                         ('area', (0.5, 0.4)),
                                         ('aspect', (1.5, 2.)),
                                         ('aspect', (0.3, ))])
def test_wrong_arguments_are_named(field, value):
    with pytest.raises(
            ValueError,
            match=f'CutMix.{field}.*{value}'.replace('(', r'\(').replace(
                ')', r'\)')):
        CutMix(**{field: value})
