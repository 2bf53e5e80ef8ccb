"""The configs of ELN in the protocol of UniMatch (arXiv 2208.09910)."""
from functools import lru_cache

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.fileio import load
from mmengine.optim import build_optim_wrapper
from mmengine.structures import PixelData
from mmseg.registry import DATASETS, MODELS
from mmseg.structures import SegDataSample
from mmseg.utils import register_all_modules

register_all_modules()
# Split: labelled images, images in all, epochs.
SPLITS = {
    'voc12aug-1_16-321x321': (662, 10582, 80),
    'voc12aug-1_8-321x321': (1323, 10582, 80),
    'voc12aug-1_4-321x321': (2646, 10582, 80),
    'voc12hq-92-321x321': (92, 10582, 80),
    'voc12hq-183-321x321': (183, 10582, 80),
    'voc12hq-366-321x321': (366, 10582, 80),
    'voc12hq-732-321x321': (732, 10582, 80),
    'voc12hq-1464-321x321': (1464, 10582, 80),
    'cityscapes-1_16-801x801': (186, 2975, 240),
    'cityscapes-1_8-801x801': (372, 2975, 240),
    'cityscapes-1_4-801x801': (744, 2975, 240),
    'cityscapes-1_2-801x801': (1488, 2975, 240),
}


@pytest.fixture(scope='module')
def read(repo):
    """Read a config of a split once."""
    patch = pytest.MonkeyPatch()
    # For each base of mmseg, mmengine reads all of mmseg's metafiles anew.
    patch.setattr('mmengine.config.utils.load', lru_cache(load))

    @lru_cache(maxsize=None)
    def function(split):
        paths = list(
            (repo / 'configs/eln').glob(f'eln_*_{split}_unimatch-protocol.py'))
        assert len(paths) == 1, split
        return Config.fromfile(str(paths[0]))

    yield function
    patch.undo()


def test_every_config_is_looked_at(repo):
    found = list((repo / 'configs/eln').glob('*unimatch-protocol*.py'))
    assert len(found) == 2 * len(SPLITS)


@pytest.mark.parametrize('split', SPLITS)
def test_lengths_are_those_of_the_split(read, split):
    labeled, images, epochs = SPLITS[split]
    cfg = read(split)
    batch = cfg.train_dataloader.sampler.source_sizes
    assert (batch.labeled, batch.unlabeled) == (2, 2)
    assert cfg.auto_scale_lr.base_batch_size == 16
    epoch = (images - labeled) // (4 * batch.unlabeled)
    assert cfg.train_cfg.max_iters == epochs * epoch
    assert cfg.train_cfg.val_interval % epoch == 0
    scheduler, = cfg.param_scheduler
    assert (scheduler.type, scheduler.power) == ('PolyLR', 0.9)
    assert scheduler.end == epochs * epoch
    pretrain, localize, semi = cfg.default_hooks.stage.stages
    # as in the paper: 70 and 50, on Cityscapes 100 and 58 of 500 epochs
    shares = (0.2, 0.116) if 'cityscapes' in split else (0.14, 0.1)
    for stage, share in zip((pretrain, localize), shares):
        assert abs(stage.iters / cfg.train_cfg.max_iters - share) < 0.004
    assert 'iters' not in semi
    # lists of one split only
    name = split.split('-')[1]
    dataset = cfg.train_dataloader.dataset
    lists = [
        value
        for value in (dataset.labeled.ann_file, dataset.unlabeled.ann_file,
                      dataset.unlabeled.get('exclude_ann_file'))
        if value is not None and 'ImageSets' not in value
    ]
    assert all(f'/{name}/' in path for path in lists)
    assert lists or name == '1464'


@pytest.mark.parametrize(
    'split',
    ['voc12aug-1_8-321x321', 'voc12hq-92-321x321', 'cityscapes-1_8-801x801'])
def test_views(read, toystreet, split):
    """The pipelines of the config on other images."""
    cfg = read(split)
    sources = cfg.train_dataloader.dataset
    crop = (801, 801) if 'cityscapes' in split else (321, 321)
    folders = dict(
        data_root=str(toystreet / 'day'),
        data_prefix=dict(
            img_path='images/train', seg_map_path='annotations/train'))
    dataset = DATASETS.build(
        dict(
            type='MultiSourceDataset',
            labeled=dict(
                folders,
                type='ToyStreetDataset',
                ann_file='',
                pipeline=sources.labeled.pipeline),
            unlabeled=dict(
                folders,
                type='UnlabeledImageDataset',
                pipeline=sources.unlabeled.pipeline)))
    assert set(cfg.model.student_views) < set(dataset.branches)
    # some images end up smaller than the crop
    np.random.seed(3)
    batch = [dataset[index] for index in (0, 1, 2, 16, 17, 18)]
    data = {
        key: {
            branch: [item[key][branch] for item in batch]
            for branch in dataset.branches
        }
        for key in ('inputs', 'data_samples')
    }
    raw = [image for image in data['inputs']['unlabeled'] if image is not None]
    preprocessor = MODELS.build(
        dict(
            type='BranchDataPreprocessor',
            data_preprocessor=cfg.model.segmentor.data_preprocessor))
    data = preprocessor(data, training=True)
    inputs, samples = data['inputs'], data['data_samples']
    for branch in ('labeled', 'unlabeled', *cfg.model.student_views):
        assert inputs[branch].shape[2:] == crop, branch
        valid = torch.cat([item.valid_mask.data for item in samples[branch]])
        assert valid.any() and not valid.all()
        # padding is black, and known
        if branch == 'unlabeled':
            assert (torch.stack(raw, 1)[:, ~valid] == 0).all()
        if branch == 'labeled':
            labels = torch.cat(
                [item.gt_sem_seg.data for item in samples[branch]])
            assert (labels[~valid] == 255).all()
    for first, second in zip(samples['unlabeled'],
                             samples['unlabeled_strong_2']):
        assert torch.equal(first.valid_mask.data, second.valid_mask.data)
    weak, one, two = (
        inputs[branch] for branch in ('unlabeled', *cfg.model.student_views))
    assert not torch.equal(one, two) and not torch.equal(one, weak)


def test_rates_of_voc(read):
    """0.001 for the backbones, ten times that for all else that learns."""
    cfg = read('voc12aug-1_8-321x321')
    model = MODELS.build(tiny(cfg.model))
    wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    names = {id(param): name for name, param in model.named_parameters()}
    rates = {
        names[id(param)]: group['lr']
        for group in wrapper.optimizer.param_groups
        for param in group['params'] if param.requires_grad
    }
    for name, rate in rates.items():
        expected = 0.001 if '.backbone.' in name else 0.01
        assert rate == pytest.approx(expected), name
    assert {name.split('.')[0]
            for name in rates
            } == {'segmentor', 'aux_decoders', 'pseudo_filter', 'projector'}


def tiny(model):
    """The model of a config with narrow backbones that load nothing."""
    model = model.copy()
    narrow = dict(depth=18, stem_channels=8, base_channels=8)
    model.segmentor.update(pretrained=None)
    model.segmentor.backbone.update(narrow)
    model.segmentor.decode_head.update(
        in_channels=64, c1_in_channels=8, channels=8, c1_channels=8)
    model.pseudo_filter.update(pretrained=None, depth=18)
    return model


def batch_of(branches, num_classes, size=64):
    """Two raw images of every branch, the first one labelled."""
    inputs = {
        branch: [
            torch.randint(256, (3, size, size), dtype=torch.uint8)
            for _ in range(2)
        ]
        for branch in branches
    }
    samples = {
        branch: [
            SegDataSample(
                metainfo=dict(img_shape=(size, size), ori_shape=(size, size)))
            for _ in range(2)
        ]
        for branch in branches
    }
    for sample in samples[branches[0]]:
        sample.gt_sem_seg = PixelData(
            data=torch.randint(num_classes, (1, size, size)))
    return dict(inputs=inputs, data_samples=samples)


@pytest.mark.parametrize('split,slide', [('voc12aug-1_8-321x321', False),
                                         ('cityscapes-1_8-801x801', True)])
def test_models_train(read, split, slide):
    """A step of the last stage, with narrow backbones."""
    cfg = tiny(read(split).model)
    torch.manual_seed(0)
    model = MODELS.build(cfg)
    assert (model.test_cfg['mode'] == 'slide') == slide
    model.init_weights()
    model.train()
    model.error_simulation = True
    model.set_stage('semi')
    model.enter_stage('semi')
    classes = cfg.segmentor.decode_head.num_classes
    data = model.data_preprocessor(
        batch_of(('labeled', 'unlabeled', *cfg.student_views), classes), True)
    teacher = model.teacher.state_dict()
    before = {name: value.clone() for name, value in teacher.items()}
    losses = model.loss(**data)
    # the teacher predicts with running statistics and does not change them
    assert all(torch.equal(before[name], teacher[name]) for name in before)
    total = sum(value for name, value in losses.items() if 'loss' in name)
    total.backward()
    assert torch.isfinite(total)
    assert ('labeled.decode.loss_ohem' in losses) == slide
