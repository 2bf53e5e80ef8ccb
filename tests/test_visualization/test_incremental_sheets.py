import numpy as np
import torch

from mmseg_ext.visualization import draw_co_segmentation, draw_incremental

CLASSES = ['background', 'road', 'car']
PALETTE = [[0, 0, 0], [0, 255, 0], [255, 0, 0]]


def test_incremental_sheet():
    maps = torch.full((3, 4, 4), 255)
    maps[:, :2] = 2
    captured = dict(
        image=torch.full((3, 3, 16, 16), 10.),
        masks=maps,
        old=torch.ones(3, 4, 4),
        teacher=None,
        target=maps,
        pasted=torch.full((3, 4, 4), 255))
    sheet = draw_incremental(captured, CLASSES, PALETTE, num_images=2)
    # image, masks, old model, target, pasted and the legend
    assert sheet.shape[1] == 6 * 260 and sheet.shape[0] == 2 * (18 + 256 + 4)
    row = sheet[18 + 20]
    assert (row[10] == 10).all()
    assert row[260 + 10].tolist() == [157, 4, 4]
    assert row[520 + 10].tolist() == [4, 157, 4]
    assert (row[4 * 260 + 10] == 10).all()  # nothing was pasted


def test_co_segmentation_sheet():
    image = torch.zeros(3, 16, 16)
    masks = torch.zeros(2, 4, 4, dtype=torch.bool)
    masks[0, :2], masks[1] = True, True
    made = dict(init=masks, refined=masks, attention=torch.rand(2, 4, 4))
    sheet = draw_co_segmentation([(image, made, (2, 1)), (image, {}, ())],
                                 CLASSES, PALETTE)
    assert sheet.dtype == np.uint8 and sheet.shape[1] == 5 * 260
    # of two masks the first is drawn
    assert sheet[18 + 20, 260 + 10].tolist() == [153, 0, 0]
    assert sheet[18 + 200, 260 + 10].tolist() == [0, 153, 0]
