from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
import torch.nn as nn
from toys import fake_runner

from mmseg_ext.engine import TranslationVisualizationHook
from mmseg_ext.visualization.translation_sheet import draw_translations


class Model(nn.Module):

    def __init__(self):
        super().__init__()
        self.capture_translations = False
        self.captured_translations = None
        self.data_preprocessor = SimpleNamespace(
            channel_conversion=True,
            _enable_normalize=True,
            mean=torch.full((3, 1, 1), 127.5),
            std=torch.full((3, 1, 1), 127.5))

    def step(self, num=2):
        if self.capture_translations:
            images = torch.zeros(num, 3, 8, 16)
            domains = dict(source=images - 1, target=images + 1)
            self.captured_translations = dict(
                real=domains, fake=domains, cycle=domains)


def train(hook, iterations, tmp_path):
    model, shown = Model(), []
    visualizer = SimpleNamespace(
        add_image=lambda name, image, step: shown.append((name, step)))
    runner = fake_runner(model, log_dir=str(tmp_path), visualizer=visualizer)
    hook.before_train(runner)
    for i in range(iterations):
        runner.iter = i
        hook.before_train_iter(runner, i)
        model.step()
        hook.after_train_iter(runner, i)
        assert model.captured_translations is None
    return shown


def test_first_iteration_and_intervals(tmp_path):
    shown = train(TranslationVisualizationHook(interval=3), 7, tmp_path)
    assert shown == [('translations', step) for step in (1, 3, 6)]
    folder = tmp_path / 'vis_data/translations'
    assert sorted(path.name for path in folder.iterdir()) == [
        'iter_1.png', 'iter_3.png', 'iter_6.png'
    ]
    assert cv2.imread(str(folder / 'iter_3.png')).ndim == 3


def test_sheet_shows_what_became_of_an_image():
    """Black by day, grey at dusk, white again: panels of one row."""
    model = Model()
    size = (1, 3, 8, 16)
    captured = {
        name:
        dict(source=torch.full(size, source), target=torch.full(size, target))
        for name, source, target in (('real', -1., 0.), ('fake', .5, -.5),
                                     ('cycle', 1., .2))
    }
    sheet = draw_translations(captured, model.data_preprocessor)
    width = sheet.shape[1] // 6
    middle = [int(sheet[60, i * width + width // 2, 0]) for i in range(6)]
    # source, its translation (which is in the target), and back; likewise
    expected = np.array([-1., -.5, 1., 0., .5, .2]) * 127.5 + 127.5
    assert middle == pytest.approx(expected.round().tolist(), abs=1)


def test_bad_use(tmp_path):
    with pytest.raises(ValueError, match='interval is 0'):
        TranslationVisualizationHook(interval=0)
    runner = fake_runner(nn.Linear(1, 1))
    with pytest.raises(TypeError, match='needs a model that translates'):
        TranslationVisualizationHook().before_train(runner)
