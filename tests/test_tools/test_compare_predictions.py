import runpy

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(scope='module')
def tool(repo):
    path = repo / 'tools' / 'analysis_tools' / 'compare_predictions.py'
    return runpy.run_path(str(path))


def test_paint_uses_the_palette_and_black_for_the_rest(tool):
    labels = np.array([[0, 1], [2, 255]])
    image = tool['paint'](labels, [(1, 2, 3), (4, 5, 6)])
    assert np.asarray(image).tolist() == [[[1, 2, 3], [4, 5, 6]],
                                          [[0, 0, 0], [0, 0, 0]]]


@pytest.mark.parametrize('total, count, expected', [(8, 4, [1, 3, 5, 7]),
                                                    (3, 5, [0, 1, 2]),
                                                    (10, 1, [5])])
def test_samples_are_spread(tool, total, count, expected):
    assert tool['sample_indices'](total, count) == expected


def test_grid_holds_every_picture_and_the_legend(tool):
    colours = [[(10, 0, 0), (0, 20, 0)], [(0, 0, 30), (40, 40, 0)]]
    rows = [[Image.new('RGB', (100, 50), colour) for colour in row]
            for row in colours]
    legend = [(200, 0, 200), (0, 200, 200)]
    sheet = tool['draw_grid'](rows, ['image', 'truth'], ['sky', 'road'],
                              legend)
    pixels = np.asarray(sheet)
    for colour in sum(colours, []):  # enlarged three times to 300 x 150
        assert (pixels == colour).all(axis=-1).sum() == 300 * 150
    for colour in legend:
        assert (pixels == colour).all(axis=-1).sum() > 100


def test_no_images_are_refused(tool, monkeypatch, capsys):
    monkeypatch.setattr(
        'sys.argv',
        ['tool', 'out.png', '--run', 'a', 'b.py', 'c.pth', '--num', '0'])
    with pytest.raises(SystemExit):
        tool['main']()
    assert '--num is 0' in capsys.readouterr().err
