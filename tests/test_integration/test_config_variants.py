"""Every other ``_toystreet`` config: baselines, ablations, steps of a chain.

They run the code of the methods that have a battery each, with other settings
or data, and each inherits the battery of its kind. What an earlier step of a
chain leaves behind is left out or made of random weights: the chains are
tested as such beside the batteries.
"""
import re
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmseg.registry import MODELS

from . import test_bdl, test_oneformer, test_panet
from .method_battery import MethodBattery, metrics, relocate, short_config
from .test_fcns_in_the_wild import count_class_sizes
from .test_fmwiss import files, read_config  # noqa: F401
from .test_pssl import explained  # noqa: F401
from .tool_runner import REPO, run_tool

pytest.importorskip('mmpretrain.models')

WITH_BATTERY = {
    name
    for path in Path(__file__).parent.glob('test_*.py')
    for name in re.findall(r"^    config = .*?([\w-]+_toystreet[\w-]*)\.py'",
                           path.read_text(), re.MULTILINE)
}
VARIANTS = [
    path.relative_to(REPO)
    for path in sorted(Path(REPO, 'configs').glob('*/*_toystreet*.py'))
    if path.stem not in WITH_BATTERY
]


def without_earlier_steps(node):
    """The same settings without weights that another run leaves behind."""
    if isinstance(node, dict):
        if str(node.get('checkpoint', '')).startswith('work_dirs') and \
                node.get('type') == 'Pretrained':
            return None
        return {
            key: without_earlier_steps(value)
            for key, value in node.items() if key != 'load_from'
        }
    if isinstance(node, (list, tuple)):
        return type(node)(without_earlier_steps(value) for value in node)
    return node


def fewer_pixels(cfg):
    """Small images for a detector, and few boxes."""
    pipelines = [
        getattr(loader.dataset, 'dataset', loader.dataset).pipeline
        for loader in (cfg.train_dataloader, cfg.val_dataloader,
                       cfg.test_dataloader)
    ]
    for transform in sum(map(list, pipelines), []):
        if 'scale' in transform:
            transform['scale'] = (64, 48)
    cfg.model.test_cfg.rpn.max_per_img = 10
    cfg.model.test_cfg.rcnn.max_per_img = 5
    return cfg


@pytest.fixture
def prepared(request, toystreet, tmp_path):
    """Read a config, and set it up on the small data of the tests."""

    def read(path, iters):
        method, name, work = path.parent.name, path.stem, tmp_path / 'work'
        if method == 'fmwiss':
            return read_config(name, toystreet,
                               request.getfixturevalue('files'), work, iters)
        cfg = short_config(str(path), toystreet, work, iters)
        made = request.getfixturevalue('explained')
        settings = without_earlier_steps(cfg.to_dict())
        for old, new in (('data/unlabeled_toystreet',
                          toystreet), (f'{toystreet}10', toystreet),
                         (f'{toystreet}_crops', made / 'toystreet_crops'),
                         ('data/pssl_toystreet', made / 'pssl_toystreet')):
            settings = relocate(settings, old, str(new))
        cfg = Config(settings)
        cfg.work_dir = str(work)
        if method == 'bdl':
            cfg = test_bdl.tiny(test_bdl.point_to(cfg, toystreet))
            if 'perceptual' in cfg.model:
                watcher = MODELS.build(cfg.model.perceptual.segmentor)
                cfg.model.perceptual.checkpoint = str(tmp_path / 'watcher.pth')
                torch.save(
                    dict(state_dict=watcher.state_dict()),
                    cfg.model.perceptual.checkpoint)
        if method == 'fcns_in_the_wild':
            count_class_sizes(cfg, toystreet)
        if method == 'oneformer':
            test_oneformer.write_toystreet_instances(str(toystreet))
            cfg = test_oneformer.small(cfg)
        if method == 'panet':
            cfg = fewer_pixels(cfg)
        if cfg.default_scope == 'mmpretrain':
            for loader in (cfg.train_dataloader, cfg.val_dataloader,
                           cfg.test_dataloader):
                loader.batch_size = 4
                loader.dataset.data_prefix = 'train'
        return cfg

    return read


class PlainSegmentor(MethodBattery):
    """A plain segmentor already: there is nothing to export."""


class ImageTagger(MethodBattery):
    """It learns tags of images for its backbone and predicts nothing here."""

    def test_train_test_benchmark_export(self, cfg, path, tmp_path):
        run_tool('tools/train.py', path)
        self.cell('train')
        run_tool('tools/analysis_tools/get_flops.py', path,
                 *self.flops_options)
        self.cell('FLOPs')


class Classifier(MethodBattery):
    """A model of mmpretrain, of which mmseg's other tools know nothing."""

    def test_train_test_benchmark_export(self, cfg, path, tmp_path):
        run_tool('tools/train.py', path)
        self.cell('train')
        run_tool('tools/test.py', path,
                 Path(cfg.work_dir, f'iter_{self.iters}.pth'), '--work-dir',
                 tmp_path / 'test')
        assert 'accuracy/top1' in metrics(tmp_path / 'test')
        self.cell('test')


class Detector(test_panet.TestPANet):
    __doc__ = test_panet.TestPANet.__doc__
    test_browse_dataset = None

    def test_train_test_benchmark_export(self, cfg, path, tmp_path):
        MethodBattery.test_train_test_benchmark_export(self, cfg, path,
                                                       tmp_path)


class StockDetector(Detector):
    """A model of MMDetection as it is: there is nothing to export.

    The benchmark of MMSegmentation gives it an argument that it does not know.
    """
    without = ('benchmark', )


class AdaptedAtTest(MethodBattery):
    """A hook gives it the statistics of what it is tested on.

    A plain checkpoint has no hook and scores something else.
    """
    without = ('export', )


class Localization(MethodBattery):
    """What is scored are the errors that the filter finds in single views.

    A plain checkpoint has no filter.
    """
    metric = 'error_f1'
    without = ('TTA', 'export')


class Translation(test_bdl.TestCycleGAN):
    __doc__ = test_bdl.TestCycleGAN.__doc__


METRICS = dict(semantic='mIoU', instance='coco/segm_mAP')
BATTERIES = dict(
    CycleGAN=Translation,
    EncoderDecoder=PlainSegmentor,
    ImageClassifier=Classifier,
    MaskRCNN=StockDetector,
    OneFormer=test_oneformer.OneFormerBattery,
    PANet=Detector)


def make_battery(path):
    """The battery of a config's kind, on this config."""
    cfg = Config.fromfile(str(Path(REPO, path)))
    base = BATTERIES.get(cfg.model.type, MethodBattery)
    if cfg.get('test_cfg') is None:
        base = ImageTagger
    if 'adabn' in cfg.default_hooks:
        base = AdaptedAtTest
    if cfg.model.get('localize_errors'):
        base = Localization

    class Variant(base):
        __doc__ = base.__doc__ if base is not MethodBattery else None
        config = str(path)
        pytestmark = pytest.mark.slow

        @pytest.fixture
        def cfg(self, prepared):
            return prepared(path, self.iters)

    optimizer = cfg.optim_wrapper.optimizer
    if 'type' not in optimizer:
        Variant.clip_option = (
            f'optim_wrapper.clip_grad.{next(iter(optimizer))}'
            '.max_norm=1.0')
    if cfg.model.type == 'OneFormer':
        Variant.metric = METRICS.get(
            cfg.model.test_cfg.get('tasks', [''])[0],
            test_oneformer.OneFormerBattery.metric)
    return Variant


for path in VARIANTS:
    globals()[f'Test_{path.stem}'] = make_battery(path)
