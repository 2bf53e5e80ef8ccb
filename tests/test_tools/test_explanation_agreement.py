import json
import runpy
import sys
from pathlib import Path
from unittest.mock import patch

import cv2
import numpy as np
import pytest
from PIL import Image

TOOL = (
    Path(__file__).parents[2] /
    'tools/analysis_tools/explanation_agreement.py')


def test_figures_of_two_images(tmp_path, capsys):
    explained, masks = tmp_path / 'explained', tmp_path / 'masks'
    levels = np.tile(np.arange(10, dtype=np.uint8), (10, 1))
    truth = np.zeros((10, 10), np.uint8)
    truth[:5, 8:] = 255  # ten pixels, five of them in the last column
    for folder, content in ((explained / 'deciles', levels),
                            (explained / 'members/net',
                             levels[:, ::-1]), (explained / 'members/once',
                                                levels), (masks, truth)):
        for name in ('a/0.png', 'a/1.png'):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(folder / name), content)
    (explained / 'members/once/a/0.png').unlink()
    mask = Image.fromarray(truth)  # as annotation tools write them
    mask.putpalette([0, 0, 0] * 255 + [200, 0, 0])
    mask.save(masks / 'a/1.png')
    entries = [
        dict(image='a/0.jpg', label=0),
        dict(image='a/1.jpg', label=0),
        dict(image='a/2.jpg', label=0, degenerate=True)
    ]
    (explained / 'images.jsonl').write_text('\n'.join(
        map(json.dumps, entries)))
    out = tmp_path / 'table.json'
    argv = [str(TOOL), str(explained), str(masks), '--out', str(out)]
    with patch.object(sys, 'argv', argv):
        runpy.run_path(str(TOOL), run_name='__main__')
    printed = capsys.readouterr().out
    assert '2 images, of which objects cover 10.0%' in printed
    # a member that has no map of one image
    assert printed.splitlines()[-1].split()[:3] == ['once', '1', '50.00']
    table = json.loads(out.read_text())
    assert table['ensemble'] == pytest.approx(
        dict(precision=50, recall=50, IoU=100 / 3, accuracy=90))
    assert table['net'] == pytest.approx(
        dict(precision=0, recall=0, IoU=0, accuracy=80))
    assert table['once'] == table['ensemble']
