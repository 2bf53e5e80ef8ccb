import numpy as np
import pytest
from mmseg.registry import VISUALIZERS

from mmseg_ext.visualization import draw_sheet, hatch, overlay_labels


def flat(color, height=20, width=30):
    return np.full((height, width, 3), color, np.uint8)


def test_panels_stand_in_rows():
    red, green, blue = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    sheet = draw_sheet([[('a', flat(red)),
                         ('b', flat(green))], [('c', flat(blue, 60, 30))]],
                       panel_width=60)
    assert sheet.dtype == np.uint8 and sheet.shape[1] == 2 * 64
    # width 60 makes the heights 40 and 120, under a bar of 18
    assert sheet.shape[0] == (18 + 40 + 4) + (18 + 120 + 4)
    assert tuple(sheet[18 + 20, 30]) == red
    assert tuple(sheet[18 + 20, 64 + 30]) == green
    assert tuple(sheet[62 + 18 + 60, 30]) == blue
    assert tuple(sheet[62 + 18 + 60, 64 + 30]) == (255, 255, 255)
    assert (sheet[:18, :60] < 128).any()  # the title


def test_overlay_mixes_known_classes_only():
    label = np.array([[0, 1], [2, 255]])
    mixed = overlay_labels(
        flat(100, 2, 2), label, [[0, 0, 0], [200, 100, 0]], alpha=0.6)
    assert mixed[0, 0].tolist() == [40, 40, 40]
    assert mixed[0, 1].tolist() == [160, 100, 40]
    assert mixed[1].tolist() == [[100] * 3] * 2
    floats = overlay_labels(
        flat(100, 2, 2), label.astype(np.float32), [[0, 0, 0], [200, 100, 0]])
    assert (floats == mixed).all()


def test_hatch_covers_only_what_it_is_told():
    where = np.zeros((20, 30), bool)
    where[:, 20:] = True
    image = hatch(flat(255), where)
    assert (image[:, :20] == 255).all()
    assert set(np.unique(image[:, 20:])) == {90, 130}


@pytest.mark.parametrize('layout', ['C', 'F'])
def test_visualizer_takes_any_layout(layout, tmp_path):
    import torch
    from mmengine.structures import PixelData
    from mmseg.structures import SegDataSample
    visualizer = VISUALIZERS.build(
        dict(type='ContiguousSegVisualizer', name=f'test_{layout}'))
    visualizer.dataset_meta = dict(classes=('a', ), palette=[[255, 0, 0]])
    sample = SegDataSample(
        gt_sem_seg=PixelData(data=torch.zeros(1, 20, 30, dtype=torch.long)))
    image = np.asarray(flat(90), order=layout)
    path = tmp_path / 'a.png'
    visualizer.add_datasample(
        'a', image, sample, draw_pred=False, out_file=str(path))
    assert path.exists()
