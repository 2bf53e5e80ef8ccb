import numpy as np
import torch

from mmseg_ext.visualization import draw_domains

PALETTE = [[255, 0, 0], [0, 255, 0]]
TITLE, WIDTH, GAP = 18, 256, 4


def captured(num=2):
    label = torch.zeros(num, 8, 16).long()
    label[..., 8:] = 1
    entropy = torch.zeros(num, 4, 8)
    entropy[..., 4:] = 1
    valid = torch.ones(num, 8, 16).bool()
    valid[..., -1] = False
    maps = dict(
        prediction=label[:, ::2, ::2],
        entropy=entropy,
        valid=valid,
        scores=dict(main=torch.full((num, 1, 2), 0.5)))
    image = torch.full((num, 3, 8, 16), 100.)
    return dict(
        source=dict(maps, image=image, label=label),
        target=dict(maps, image=image + 50))


def panel(sheet, row, column):
    top = row * (TITLE + WIDTH // 2 + GAP) + TITLE
    left = column * (WIDTH + GAP)
    return sheet[top:top + WIDTH // 2, left:left + WIDTH].astype(int)


def test_both_domains_lie_side_by_side():
    sheet = draw_domains(captured(), ['a', 'b'], PALETTE)
    source = [panel(sheet, 1, i) for i in range(5)]
    target = [panel(sheet, 1, i) for i in range(5, 9)]
    assert (source[0][16, 16] == 100).all()
    assert (target[0][16, 16] == 150).all()
    for view in (source[1], source[2], target[1]):
        assert view[16, 16].argmax() == 0 and view[16, 200].argmax() == 1
    for view in (source[3], target[2]):  # blue is certain, red is not
        assert view[16, 16].argmax() == 2 and view[16, 200].argmax() == 0
    assert source[4][16, 16].argmax() == 1  # undecided is green
    for view in source + target:
        assert set(view[:, -8].flatten().tolist()) == {90, 130}
    # Both rows are filled up to the legend of the first.
    assert sheet.shape[1] == 10 * (WIDTH + GAP) and sheet.dtype == np.uint8


def test_a_domain_may_be_shown_without_prediction():
    maps = captured()
    maps['target'] = dict(image=maps['target']['image'])
    sheet = draw_domains(maps, ['a', 'b'], PALETTE, num_images=1)
    assert sheet.shape[1] == 7 * (WIDTH + GAP)
    assert (panel(sheet, 0, 5)[16, 16] == 150).all()
    maps['target'] = {}
    sheet = draw_domains(maps, ['a', 'b'], PALETTE, num_images=1)
    assert sheet.shape[1] == 6 * (WIDTH + GAP)


def test_batches_may_differ_in_size():
    maps = dict(source=captured(3)['source'], target=captured(1)['target'])
    sheet = draw_domains(maps, ['a', 'b'], PALETTE)
    assert sheet.shape[0] == TITLE + WIDTH // 2 + GAP
