import logging
from types import SimpleNamespace

import cv2
import pytest
import torch
import torch.nn as nn
from toys import fake_runner

from mmseg_ext.engine import DomainAdaptationVisualizationHook
from mmseg_ext.models.utils.prediction_statistics import PredictionStatistics


class Algorithm(nn.Module):

    def __init__(self):
        super().__init__()
        self.prediction_statistics = nn.ModuleDict(
            {name: PredictionStatistics(2)
             for name in ('source', 'target')})
        self.capture_domains = False
        self.captured_domains = None
        self.data_preprocessor = SimpleNamespace(channel_conversion=True)

    def step(self, classes=2, source_classes=2, adapting=True):
        prediction = torch.zeros(1, 4, 8).long()
        prediction[..., 6:] = 1
        maps = dict(
            image=torch.full((1, 3, 8, 16), 70.),
            prediction=prediction,
            entropy=torch.rand(1, 4, 8))
        counts = dict(source=source_classes, target=classes)
        for domain in ('source', 'target')[:1 + adapting]:
            self.prediction_statistics[domain].update(
                prediction.clamp(max=counts[domain] - 1),
                torch.ones_like(prediction).bool())
        if self.capture_domains:
            self.captured_domains = dict(source=maps, target=maps)


class Visualizer:

    def __init__(self):
        self.images, self.scalars = [], []

    def add_image(self, name, image, step):
        self.images.append((name, step))

    def add_scalars(self, scalars, step):
        self.scalars.append((step, scalars))


def train(hook, iterations, tmp_path, stage_begin=0, **step):
    algorithm = Algorithm()
    runner = fake_runner(
        algorithm,
        log_dir=str(tmp_path),
        visualizer=Visualizer(),
        train_dataloader=SimpleNamespace(
            dataset=SimpleNamespace(metainfo=dict(classes=('sky', 'road')))))
    runner.message_hub.update_info('stage_begin', stage_begin)
    hook.before_train(runner)
    for runner.iter in iterations:
        hook.before_train_iter(runner, runner.iter)
        algorithm.step(**step)
        hook.after_train_iter(runner, runner.iter)
        assert algorithm.captured_domains is None
        assert not algorithm.capture_domains
    return runner


def test_sheets_at_intervals_and_at_the_stage(tmp_path):
    hook = DomainAdaptationVisualizationHook(interval=4)
    runner = train(hook, range(10), tmp_path, stage_begin=6)
    assert runner.visualizer.images == [('domains', 1), ('domains', 5),
                                        ('domains', 7), ('domains', 9)]
    folder = tmp_path / 'vis_data' / 'domains'
    assert len(list(folder.iterdir())) == 4
    sheet = cv2.imread(str(folder / 'iter_7.png'))
    assert sheet[40, 40].tolist() == [70] * 3


def test_scalars_cover_the_log_interval(tmp_path):
    hook = DomainAdaptationVisualizationHook(log_interval=2)
    runner = train(hook, range(5), tmp_path)
    assert [step for step, _ in runner.visualizer.scalars] == [2, 4]
    assert runner.visualizer.scalars[1][1] == {
        'source/predicted_classes': 2,
        'source/share/sky': 0.75,
        'source/share/road': 0.25,
        'target/predicted_classes': 2,
        'target/share/sky': 0.75,
        'target/share/road': 0.25,
    }
    runner = train(hook, range(2), tmp_path, adapting=False)
    assert not any('target' in key for key in runner.visualizer.scalars[0][1])


def test_a_collapse_is_told_once(tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr(
        'mmseg_ext.engine.hooks.domain_adaptation_visualization_hook'
        '.print_log', lambda message, level, **_: told.append(
            (message, level)))
    hook = DomainAdaptationVisualizationHook(log_interval=1)
    train(hook, range(3), tmp_path)
    # as in the first iterations from random weights
    train(hook, range(3), tmp_path, classes=1, source_classes=1)
    assert not told
    train(hook, range(3, 6), tmp_path, classes=1)
    (message, level), = told
    assert 'collapsed from 2 to 1 classes' in message
    assert level == logging.WARNING


def test_errors():
    with pytest.raises(ValueError, match='interval is 0'):
        DomainAdaptationVisualizationHook(interval=0)
    with pytest.raises(TypeError, match='needs an algorithm of domain'):
        DomainAdaptationVisualizationHook().before_train(
            fake_runner(nn.Linear(1, 1)))
