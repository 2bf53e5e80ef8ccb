import numpy as np
import torch

from mmseg_ext.visualization import draw_pseudo_labels

PALETTE = [[255, 0, 0], [0, 255, 0]]
TITLE, WIDTH, GAP = 18, 256, 4


def captured():
    image = torch.full((2, 3, 8, 16), 100.)
    label = torch.zeros(2, 4, 8).long()
    label[:, :, 4:] = 1
    keep = torch.zeros(2, 4, 8).bool()
    keep[:, :2] = True
    valid = torch.ones(2, 4, 8).bool()
    valid[:, :, -1] = False
    return dict(
        image=image,
        strong_image=image + 50,
        pseudo_label=label,
        keep_mask=keep,
        confidence=torch.rand(2, 4, 8),
        student_prediction=label,
        error_score=torch.rand(2, 4, 8),
        valid_mask=valid)


def panel(sheet, row, column):
    top = row * (TITLE + WIDTH // 2 + GAP) + TITLE
    left = column * (WIDTH + GAP)
    return sheet[top:top + WIDTH // 2, left:left + WIDTH].astype(int)


def draw(**kwargs):
    return draw_pseudo_labels({**captured(), **kwargs}, ['a', 'b'], PALETTE)


def test_panels_show_what_they_say():
    sheet = draw()
    weak, strong, teacher, kept = (panel(sheet, 1, i) for i in range(4))
    # A pixel of the map is 32 wide and high here; centres at 16 + 32 i.
    assert (weak[16, 16] == 100).all() and (strong[16, 16] == 150).all()
    assert teacher[16, 16].argmax() == 0 and teacher[16, 150].argmax() == 1
    assert (kept[16, 16] == teacher[16, 16]).all()
    # Rejected: plain dark grey.
    assert (kept[100, 16] == 60).all()
    # Padding is hatched in every panel.
    for each in (weak, strong, teacher, kept):
        stripe = each[:, -16]
        assert set(stripe.flatten().tolist()) == {90, 130}


def test_normalised_bgr_images_are_shown_as_they_were():
    mean, std = torch.tensor([10., 20., 30.]), torch.tensor([2., 4., 5.])
    mean, std = mean.view(3, 1, 1), std.view(3, 1, 1)
    data = captured()
    bgr = torch.stack([torch.full((8, 16), v) for v in (50., 100., 150.)])
    for key in ('image', 'strong_image'):
        data[key] = ((bgr - mean) / std).expand(2, -1, -1, -1)
    sheet = draw_pseudo_labels(
        data, ['a', 'b'], PALETTE, mean=mean, std=std, rgb=False)
    assert panel(sheet, 0, 0)[16, 16].tolist() == [150, 100, 50]


def test_optional_maps_add_panels_and_rows_are_limited():
    width = WIDTH + GAP
    full = draw(gt=captured()['pseudo_label'])
    bare = draw(error_score=None, student_prediction=None)
    # Views 2, teacher, kept, confidence, legend; and three more.
    assert bare.shape[1] == 6 * width and full.shape[1] == 9 * width
    assert full.dtype == np.uint8
    one = draw_pseudo_labels(captured(), ['a', 'b'], PALETTE, num_images=1)
    assert one.shape[0] < full.shape[0]
