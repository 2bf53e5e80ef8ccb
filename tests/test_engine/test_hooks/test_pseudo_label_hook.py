from types import SimpleNamespace

import cv2
import pytest
import torch
import torch.nn as nn
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from toys import fake_runner

from mmseg_ext.engine import PseudoLabelHook
from mmseg_ext.engine.hooks.pseudo_label_warnings import PseudoLabelWarnings
from mmseg_ext.models.utils.pseudo_label_statistics import \
    PseudoLabelStatistics


class Algorithm(nn.Module):

    def __init__(self, rgb=True):
        super().__init__()
        self.pseudo_label_statistics = PseudoLabelStatistics(2)
        self.teacher_active = True
        self.capture_pseudo_labels = False
        self.captured_pseudo_labels = None
        self.data_preprocessor = SimpleNamespace(channel_conversion=rgb)

    def step(self, keep=True):
        label = torch.zeros(1, 4, 8).long()
        label[..., 4:] = 1
        kept = torch.full((1, 4, 8), keep)
        self.pseudo_label_statistics.update(label, kept,
                                            torch.full((1, 4, 8), 0.5))
        if self.capture_pseudo_labels:
            self.captured_pseudo_labels = dict(
                image=torch.zeros(1, 3, 8, 16),
                strong_image=torch.zeros(1, 3, 8, 16),
                pseudo_label=label,
                keep_mask=kept,
                confidence=torch.rand(1, 4, 8))


class Visualizer:

    def __init__(self):
        self.images, self.scalars = [], []

    def add_image(self, name, image, step):
        self.images.append((name, step))

    def add_scalars(self, scalars, step):
        self.scalars.append((step, scalars))


def batch():
    labeled = SegDataSample(metainfo=dict(img_path='x/a.png'))
    labeled.gt_sem_seg = PixelData(data=torch.ones(1, 8, 16).long())
    image = torch.zeros(3, 8, 16, dtype=torch.uint8)
    image[0] = 200  # blue, as stock loading orders channels
    return dict(
        inputs=dict(
            labeled=[image, None, None],
            unlabeled=[None, image, image],
            other=[None] * 3),
        data_samples=dict(
            labeled=[labeled, None, None],
            unlabeled=[None, SegDataSample(),
                       SegDataSample()],
            other=[None] * 3))


def train(hook, algorithm, iterations, tmp_path, keep=True, stage_begin=0):
    runner = fake_runner(
        algorithm,
        log_dir=str(tmp_path),
        visualizer=Visualizer(),
        train_dataloader=SimpleNamespace(
            dataset=SimpleNamespace(
                metainfo=dict(
                    classes=('sky', 'road'),
                    palette=[[255, 0, 0], [0, 255, 0]]))))
    runner.message_hub.update_info('stage_begin', stage_begin)
    hook.before_train(runner)
    for runner.iter in iterations:
        hook.before_train_iter(runner, runner.iter, batch())
        algorithm.step(keep)
        hook.after_train_iter(runner, runner.iter)
        assert algorithm.captured_pseudo_labels is None
    return runner


@pytest.mark.parametrize('rgb', [True, False])
def test_sheets_at_step_0_at_intervals_and_at_the_stage(rgb, tmp_path):
    hook = PseudoLabelHook(interval=4)
    runner = train(hook, Algorithm(rgb), range(10), tmp_path, stage_begin=6)
    assert runner.visualizer.images == [('branches', 1), ('pseudo_labels', 1),
                                        ('pseudo_labels', 5),
                                        ('pseudo_labels', 7),
                                        ('pseudo_labels', 9)]
    folder = tmp_path / 'vis_data' / 'pseudo_labels'
    assert sorted(p.name
                  for p in folder.iterdir())[0] == ('branches_iter_1.png')
    assert len(list(folder.iterdir())) == 5
    sheet = cv2.imread(str(folder / 'branches_iter_1.png'))
    # First panel: the blue image, below its title bar.
    assert sheet[40, 40].tolist() == [200, 0, 0]
    # Labelled image, its label and the first unlabelled one in a row.
    assert sheet.shape[1] == 3 * (256 + 4)
    assert sheet[40, 2 * 260 + 40].tolist() == [200, 0, 0]


def test_without_a_teacher_only_the_branches_are_shown(tmp_path):
    algorithm = Algorithm()
    algorithm.teacher_active = False
    runner = train(PseudoLabelHook(interval=1), algorithm, range(3), tmp_path)
    assert runner.visualizer.images == [('branches', 1)]
    runner = train(PseudoLabelHook(), algorithm, range(5, 8), tmp_path)
    assert runner.visualizer.images == []


def test_scalars_cover_the_log_interval(tmp_path):
    runner = train(
        PseudoLabelHook(log_interval=2), Algorithm(), range(5), tmp_path)
    assert [step for step, _ in runner.visualizer.scalars] == [2, 4]
    scalars = runner.visualizer.scalars[1][1]
    assert scalars == {
        'pseudo/kept_ratio': 1.0,
        'pseudo/share/sky': 0.5,
        'pseudo/kept_ratio/sky': 1.0,
        'pseudo/confidence/sky': 0.5,
        'pseudo/share/road': 0.5,
        'pseudo/kept_ratio/road': 1.0,
        'pseudo/confidence/road': 0.5
    }


def test_nothing_kept_is_said_once():
    warnings = PseudoLabelWarnings(['a', 'b'], patience=2)
    first = warnings.update([5, 5], [0, 0])
    assert len(first) == 1 and 'model.pseudo_filter' in first[0]
    assert not warnings.update([5, 5], [0, 0])


def test_a_vanished_class_is_named_once_after_the_patience():
    warnings = PseudoLabelWarnings(['car', 'pole', 'sign'], patience=2)
    assert not warnings.update([9, 0, 3], [9, 0, 3])
    assert not warnings.update([9, 1, 3], [9, 1, 0])
    assert not warnings.update([9, 0, 3], [9, 0, 1])
    messages = warnings.update([9, 0, 3], [9, 0, 0])
    assert len(messages) == 1 and 'pole' in messages[0]
    assert 'class_weight' in messages[0]
    messages = warnings.update([9, 0, 3], [9, 0, 0])
    assert len(messages) == 1 and 'sign is rejected' in messages[0]
    assert not warnings.update([9, 0, 3], [9, 0, 0])


def test_errors():
    with pytest.raises(ValueError, match='interval is 0'):
        PseudoLabelHook(interval=0)
    with pytest.raises(TypeError, match='needs an algorithm'):
        PseudoLabelHook().before_train(fake_runner(nn.Linear(1, 1)))
