"""What every method must do through the stock tools.

A method's test names its config and inherits the rest::

    class TestELN(MethodBattery):
        config = 'configs/eln/eln_toystreet.py'
"""
import glob
import json
import os.path as osp
import signal
import subprocess
import sys
import time
from pathlib import Path

import mmcv
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.utils import ManagerMixin
from mmseg.apis import MMSegInferencer, inference_model, init_model
from mmseg.registry import MODELS

from mmseg_ext.models.algorithms import BaseAlgorithm
from .tool_runner import (REPO, STOCK_TOOLS, forget_instances, run_process,
                          run_tool, tool_command, tool_environment)


class MethodBattery:
    """Train, resume, test, benchmark, export, AMP, two ranks.

    Attributes:
        config (str): A ``_toystreet`` config, relative to the repository.
        iters (int): Iterations of a run; a checkpoint is written half way.
        clip_option (str): What clips the gradient, as a command line option.
        metric (str): A metric that the test tool writes.
        tta_metric (str): One that it writes with ``--tta``.
        tta_options (tuple[str]): Options of the test tool with ``--tta``.
        flops_options (tuple): Options of ``get_flops.py``.
        without (tuple[str]): Of TTA, benchmark and export, what does not
            apply.
    """

    config = None
    iters = 6
    clip_option = 'optim_wrapper.clip_grad.max_norm=1.0'
    metric = 'mIoU'
    tta_metric = 'mIoU'
    tta_options = ()
    flops_options = ('--shape', 64, 64)
    without = ()

    @pytest.fixture
    def cfg(self, toystreet, tmp_path):
        return short_config(self.config, toystreet, tmp_path / 'work',
                            self.iters)

    @pytest.fixture
    def path(self, cfg, tmp_path):
        return write(cfg, tmp_path / 'config.py')

    @pytest.fixture(autouse=True)
    def record_cells(self, record_property):
        """Let tools/check_matrix.py know what has done what it must."""
        self.cell = lambda name: record_property('cell', name)
        record_property('reason', type(self).__doc__ or '')

    def test_train_test_benchmark_export(self, cfg, path, tmp_path):
        """One run, read by every tool that reads a run."""
        run_tool('tools/train.py', path)
        self.cell('train')
        checkpoint = osp.join(cfg.work_dir, f'iter_{self.iters}.pth')
        run_tool('tools/test.py', path, checkpoint, '--work-dir',
                 tmp_path / 'test')
        ours = metrics(tmp_path / 'test')
        assert self.metric in ours
        self.cell('test')

        if 'TTA' not in self.without:
            run_tool('tools/test.py', path, checkpoint, '--tta', '--work-dir',
                     tmp_path / 'tta', *self.tta_options)
            assert self.tta_metric in metrics(tmp_path / 'tta')
            self.cell('TTA')
        if 'benchmark' not in self.without:
            run_tool('tools/analysis_tools/benchmark.py',
                     '--work-dir', tmp_path / 'benchmark',
                     self.many_images(cfg, tmp_path), checkpoint)
            self.cell('benchmark')
        run_tool('tools/analysis_tools/get_flops.py', path,
                 *self.flops_options)
        self.cell('FLOPs')
        self.check_inference(cfg, path, checkpoint)
        self.cell('inference')

        # A model of another package wraps no segmentor.
        kind = MODELS.get(cfg.model.type)
        if (kind is not None and issubclass(kind, BaseAlgorithm)
                and 'export' not in self.without):
            plain = tmp_path / 'plain.pth'
            run_tool('tools/model_converters/extract_segmentor.py', checkpoint,
                     plain)
            stock = write(self.plain(cfg), tmp_path / 'plain.py')
            self.check_loads_whole(stock, plain)
            run_tool(
                osp.join(STOCK_TOOLS, 'test.py'), stock, plain, '--work-dir',
                tmp_path / 'plain_test')
            assert metrics(tmp_path / 'plain_test') == ours
            self.cell('export')

    def check_inference(self, cfg, path, checkpoint):
        """The stock functions and the stock inferencer agree."""
        image = self.an_image(cfg)
        if cfg.default_scope == 'mmdet':
            return check_detector(path, checkpoint, image)
        model = init_model(path, checkpoint, device='cpu')
        result = inference_model(model, image)
        found = result.pred_sem_seg.data.squeeze()
        forget_instances(ManagerMixin)
        inferencer = MMSegInferencer(path, checkpoint, device='cpu')
        again = inferencer(image, return_datasamples=True)
        assert torch.equal(found, again.pred_sem_seg.data.squeeze())
        assert found.shape == mmcv.imread(image).shape[:2]

    def an_image(self, cfg):
        dataset = cfg.test_dataloader.dataset
        while 'data_root' not in dataset:
            dataset = dataset.dataset
        prefix = dataset.data_prefix
        folder = Path(dataset.data_root,
                      prefix.get('img_path') or prefix.get('img'))
        return str(sorted(folder.iterdir())[0])

    def many_images(self, cfg, tmp_path):
        """The stock benchmark averages over exactly 200 images."""
        cfg = cfg.copy()
        cfg.test_dataloader.dataset = dict(
            type='RepeatDataset',
            times=50,
            dataset=cfg.test_dataloader.dataset)
        return write(cfg, tmp_path / 'many.py')

    def plain(self, cfg):
        """The same data and network without any part of ours in the model."""
        plain = cfg.copy()
        plain.model = cfg.model.segmentor
        for key in ('train_dataloader', 'train_cfg', 'optim_wrapper',
                    'param_scheduler'):
            plain.pop(key, None)
        stock = ('timer', 'logger', 'param_scheduler', 'checkpoint',
                 'sampler_seed', 'visualization')
        plain.default_hooks = {
            name: hook
            for name, hook in cfg.default_hooks.items() if name in stock
        }
        return plain

    def check_loads_whole(self, config, checkpoint):
        init_default_scope('mmseg')
        model = MODELS.build(Config.fromfile(config).model)
        state = torch.load(checkpoint, map_location='cpu')['state_dict']
        result = model.load_state_dict(state, strict=True)
        assert not result.missing_keys and not result.unexpected_keys

    def test_stock_train_tool(self, path):
        """mmseg's own tools/train.py reads the config as it is."""
        run_tool(osp.join(STOCK_TOOLS, 'train.py'), path)
        self.cell('stock train')

    def test_resume_after_kill_is_exact(self, cfg, path, tmp_path):
        """A killed and resumed run equals the straight one, to the bit."""
        run_tool('tools/train.py', path, '--work-dir', tmp_path / 'straight')
        half = self.iters // 2
        killed = tmp_path / 'killed'
        process = subprocess.Popen(
            tool_command('tools/train.py', path, '--work-dir', killed),
            env=tool_environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        deadline = time.time() + 300
        while not (killed / 'last_checkpoint').exists():
            assert time.time() < deadline and process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
        name = (killed / 'last_checkpoint').read_text().strip()
        assert name.endswith(f'iter_{half}.pth')
        run_tool('tools/train.py', path, '--work-dir', killed, '--resume')

        last = f'iter_{self.iters}.pth'
        straight = torch.load(tmp_path / 'straight' / last)
        resumed = torch.load(killed / last)
        assert_equal(straight['state_dict'], resumed['state_dict'])
        assert_equal(straight['optimizer'], resumed['optimizer'])
        assert (losses(tmp_path / 'straight', half) == losses(killed, half))
        self.cell('exact resume')

    @pytest.mark.parametrize(
        'options', [
            ('--amp', ),
            ('--cfg-options', 'optim_wrapper.accumulative_counts=2'),
        ],
        ids=['amp', 'accumulation and clipping'])
    def test_train_options(self, cfg, path, options):
        if '--cfg-options' in options:
            options = (*options, self.clip_option)
        run_tool('tools/train.py', path, *options)
        values = losses(cfg.work_dir)
        assert len(values) == self.iters
        assert all(torch.isfinite(torch.tensor(value)) for value in values)
        self.cell('AMP' if '--amp' in options else 'accumulation, clipping')

    def test_two_processes(self, cfg, path):
        """The stock distributed launch, two ranks on one machine."""
        run_process([
            sys.executable, '-m', 'torch.distributed.run', '--standalone',
            '--nproc_per_node=2',
            osp.join(REPO, 'tools/train.py'), path, '--launcher', 'pytorch'
        ])
        assert osp.exists(osp.join(cfg.work_dir, f'iter_{self.iters}.pth'))
        assert len(losses(cfg.work_dir)) == self.iters
        self.cell('two ranks')


def check_detector(config, checkpoint, image):
    """MMDetection's functions and its inferencer agree."""
    from mmdet.apis import DetInferencer, inference_detector, init_detector
    model = init_detector(config, checkpoint, device='cpu')
    found = inference_detector(model, image)
    forget_instances(ManagerMixin)
    inferencer = DetInferencer(
        config, checkpoint, device='cpu', show_progress=False)
    drawn = inferencer(image, return_datasamples=True, return_vis=True)
    again, = drawn['predictions']
    picture, = drawn['visualization']
    assert picture.shape == mmcv.imread(image).shape
    if 'pred_instances' in found:
        for key in ('scores', 'masks'):
            assert torch.equal(found.pred_instances[key],
                               again.pred_instances[key])
    maps = [
        key for key in ('pred_panoptic_seg', 'pred_sem_seg') if key in found
    ]
    for key in maps:
        assert torch.equal(
            torch.as_tensor(found.get(key).sem_seg),
            torch.as_tensor(again.get(key).sem_seg))
    assert maps or 'pred_instances' in found


def short_config(path, toystreet, work_dir, iters=6):
    """A config whose run of a few iterations passes through all stages.

    Args:
        path (str): The config, relative to the repository.
        toystreet (Path): Where ToyStreet lies.
        work_dir (Path): Work folder of the run.
        iters (int): Length of the training. Defaults to 6.
    """
    cfg = Config.fromfile(osp.join(REPO, path))
    cfg = Config(relocate(cfg.to_dict(), 'data/toystreet', str(toystreet)))
    cfg.train_cfg.max_iters = iters
    cfg.train_cfg.val_interval = iters
    cfg.default_hooks.checkpoint.interval = iters // 2
    cfg.default_hooks.checkpoint.max_keep_ckpts = -1
    cfg.default_hooks.logger.interval = 1
    cfg.train_dataloader.num_workers = 1
    cfg.train_dataloader.persistent_workers = True
    validation = cfg.val_cfg or {}  # a pre-training may have none
    for loader in (cfg.val_dataloader, cfg.test_dataloader,
                   validation.get('source_dataloader')):
        if loader:
            loader.update(num_workers=0, persistent_workers=False)
    if 'stage' in cfg.default_hooks:
        for index, stage in enumerate(cfg.default_hooks.stage.stages[:-1]):
            stage['iters'] = min(stage['iters'], 1 + index)
    cfg.randomness = dict(seed=0)
    cfg.work_dir = str(work_dir)
    return cfg


def relocate(node, old, new):
    """Replace a leading path in every string of a config."""
    if isinstance(node, dict):
        return {key: relocate(value, old, new) for key, value in node.items()}
    if isinstance(node, (list, tuple)):
        return type(node)(relocate(value, old, new) for value in node)
    if isinstance(node, str) and node.startswith(old):
        return new + node[len(old):]
    return node


def write(cfg, path):
    cfg.dump(str(path))
    return str(path)


def scalars(work_dir):
    """All logged scalars of the latest run in a folder, in order."""
    paths = sorted(glob.glob(f'{work_dir}/*/vis_data/scalars.json'))
    with open(paths[-1]) as file:
        return [json.loads(line) for line in file]


def losses(work_dir, after=0):
    """The logged total loss of every iteration from ``after`` on."""
    rows = scalars(work_dir)
    return [
        row['loss'] for row in rows if 'loss' in row and row['step'] > after
    ]


def metrics(work_dir):
    """Metrics that the stock test tool has written."""
    paths = sorted(glob.glob(f'{work_dir}/*/*.json'))
    with open(paths[-1]) as file:
        values = json.load(file)
    return {key: value for key, value in values.items() if 'time' not in key}


def assert_equal(one, other):
    """Bitwise equality of nested containers of tensors."""
    assert type(one) is type(other)
    if isinstance(one, torch.Tensor):
        assert torch.equal(one, other)
    elif isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            try:
                assert_equal(one[key], other[key])
            except AssertionError as error:
                raise AssertionError(f'{key}: {error}') from None
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(other)
        for pair in zip(one, other):
            assert_equal(*pair)
    else:
        assert one == other
