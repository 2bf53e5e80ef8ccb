"""Toy model, data and runner for the tests of hooks and loops."""
import random
from contextlib import contextmanager
from types import SimpleNamespace
from uuid import uuid4

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from mmengine.runner import Runner
from mmengine.structures import BaseDataElement
from mmseg.registry import DATASETS, METRICS, MODELS
from torch.utils.data import Dataset

import mmseg_ext  # noqa: F401


class ToyNet(nn.Module):
    """Linear layers with everything that makes a resume hard."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5),
            nn.Linear(8, 3))

    def forward(self, x):
        return self.layers(x)


@MODELS.register_module(force=True)
class ToyAlgorithm(BaseModel):
    """Fake of the algorithm contract: student, teacher, stages."""

    stage_names = ('pretrain', 'localize', 'semi')
    teacher_stages = ('semi', )

    def __init__(self):
        super().__init__()
        self.segmentor = ToyNet()
        self.teacher = ToyNet().requires_grad_(False)
        self.aux = nn.Linear(8, 3)
        self.stage = None
        self.error_simulation = False
        self.calls = []
        self._role = 'student'

    @property
    def teacher_active(self):
        return self.stage in self.teacher_stages

    def teacher_student_pairs(self):
        return [(self.teacher, self.segmentor)]

    def set_stage(self, name):
        self.stage = name
        self.calls.append(('set', name))

    def enter_stage(self, name):
        self.calls.append(('enter', name))
        if name == 'semi':
            self.teacher.load_state_dict(self.segmentor.state_dict())

    def init_error_decoders(self):
        self.calls.append(('init', torch.rand(1).item()))

    @contextmanager
    def predict_on(self, name):
        self._role = name
        yield
        self._role = 'student'

    def forward(self, inputs, data_samples=None, mode='tensor'):
        x = torch.stack(inputs)
        if mode == 'loss':
            noise = 0.1 * np.random.rand() + 0.1 * random.random()
            logits = self.segmentor(x) + noise
            losses = dict(
                loss_ce=F.cross_entropy(
                    logits, torch.stack([s.label for s in data_samples])))
            if self.teacher_active:
                losses['loss_teacher'] = F.mse_loss(logits,
                                                    self.teacher(x).detach())
            return losses
        net = self.teacher if self._role == 'teacher' else self.segmentor
        for sample, out in zip(data_samples, net(x)):
            sample.pred = out.argmax()
        return data_samples


@DATASETS.register_module(force=True)
class ToyBranchless(Dataset):
    """Twenty random vectors, augmented at random as the index's seed says."""

    metainfo = dict(classes=('a', 'b', 'c'))

    def __init__(self, length=20, nan_at=()):
        g = torch.Generator().manual_seed(0)
        self.x = torch.randn(length, 4, generator=g)
        self.y = torch.randint(0, 3, (length, ), generator=g)
        self.nan_at = tuple(nan_at)

    def __len__(self):
        return len(self.x)

    def __getitem__(self, index):
        seed = getattr(index, 'seed', None)
        if seed is not None:
            torch.manual_seed(seed)
        x = self.x[int(index)] + 0.1 * torch.randn(4)
        if int(index) in self.nan_at:
            x = x * float('nan')
        sample = BaseDataElement(
            metainfo=dict(img_path=f'img_{int(index)}.png'))
        sample.label = self.y[int(index)]
        return dict(inputs=x, data_samples=sample)


@METRICS.register_module(force=True)
class ToyAccuracy(BaseMetric):
    """Accuracy under the name of the real metric."""

    default_prefix = None

    def process(self, data_batch, data_samples):
        self.results += [float(s['pred'] == s['label']) for s in data_samples]

    def compute_metrics(self, results):
        return dict(mIoU=100 * sum(results) / len(results), aAcc=1.0)


def toy_cfg(work_dir, max_iters=6, workers=0, **updates):
    """Config of an iteration-based toy training."""
    cfg = dict(
        work_dir=str(work_dir),
        experiment_name=uuid4().hex,
        model=dict(type='ToyAlgorithm'),
        train_dataloader=dict(
            dataset=dict(type='ToyBranchless'),
            sampler=dict(type='MultiSourceSampler', source_sizes=3),
            batch_size=3,
            num_workers=workers,
            persistent_workers=workers > 0),
        train_cfg=dict(
            type='ResumableIterBasedTrainLoop',
            max_iters=max_iters,
            val_interval=1000),
        optim_wrapper=dict(
            type='OptimWrapper', optimizer=dict(type='AdamW', lr=0.01)),
        default_hooks=dict(
            logger=dict(type='LoggerHook', interval=1),
            checkpoint=dict(type='CheckpointHook', interval=2,
                            by_epoch=False)),
        custom_hooks=[],
        log_processor=dict(by_epoch=False),
        randomness=dict(seed=3),
        default_scope='mmseg',
        log_level='ERROR')
    cfg = Config(cfg)
    cfg.merge_from_dict(updates)
    return cfg


def toy_val(**loop):
    """Config entries of a validation."""
    return dict(
        val_dataloader=dict(
            dataset=dict(type='ToyBranchless'),
            sampler=dict(type='DefaultSampler', shuffle=False),
            batch_size=4,
            num_workers=0),
        val_cfg=dict(type='TeacherStudentValLoop', **loop),
        val_evaluator=dict(type='ToyAccuracy'))


STAGES = dict(
    type='StageHook',
    stages=[
        dict(name='pretrain', iters=2),
        dict(name='localize', iters=2),
        dict(name='semi')
    ])


def toy_runner(*args, **kwargs):
    """Build a toy runner."""
    return Runner.from_cfg(toy_cfg(*args, **kwargs))


def fake_runner(model, iteration=0, max_iters=100, **attributes):
    """The little of a runner that a hook looks at."""
    info = {}
    hub = SimpleNamespace(
        get_info=lambda key, default=None: info.get(key, default),
        update_info=info.__setitem__,
        runtime_info=info)
    attributes.setdefault('optim_wrapper',
                          SimpleNamespace(should_update=lambda: True))
    return SimpleNamespace(
        model=model,
        iter=iteration,
        max_iters=max_iters,
        message_hub=hub,
        seed=5,
        hooks=[],
        **attributes)
