"""The configs of GSCNN, DANet and FastFCN hold the recipes of the papers."""
from functools import lru_cache

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.fileio import load
from mmseg.registry import MODELS, TRANSFORMS
from mmseg.utils import register_all_modules

import mmseg_ext  # noqa: F401

register_all_modules()
FASTFCN = [
    f'fastfcn_{backbone}-d32_jpu_{head}_{recipe}'
    for backbone in ('r50', 'r101') for head in ('enc', 'psp', 'aspp')
    for recipe in ('25k_pascal-context-59-480x480', '152k_ade20k-480x480',
                   'pascal-context-59-480x480_official')
] + [
    f'{baseline}_psp_25k_pascal-context-59-480x480'
    for baseline in ('bilinear_r50-d32', 'fpn_r50-d32', 'dilated_r50-d8')
]
DANET_CITYSCAPES = {
    f'{name}_{depth}-d8_89k_cityscapes-768x768': rate
    for depth in ('r50', 'r101')
    for name, rate in (('danet', 0.003), ('danet_pam-only', 0.01),
                       ('danet_cam-only', 0.01), ('fcn', 0.01))
}
DANET_CONTEXT = [
    f'danet_{depth}-d8_75k_pascal-context-480x480' for depth in ('r50', 'r101')
]
FLIPS = [0., 1.]


@pytest.fixture(scope='module')
def read(repo):
    """Read a config by its name."""
    paths = {
        path.stem: path
        for method in ('gscnn', 'danet', 'fastfcn')
        for path in (repo / 'configs' / method).glob('*.py')
    }
    with pytest.MonkeyPatch.context() as patch:
        # For each base of mmseg, mmengine reads all of its metafiles anew.
        patch.setattr('mmengine.config.utils.load', lru_cache(load))
        yield lru_cache(lambda name: Config.fromfile(str(paths[name])))


def types(pipeline):
    return [step['type'] for step in pipeline]


def step(pipeline, kind):
    found, = [step for step in pipeline if step['type'] == kind]
    return found


def short_sides(pipeline, shape, num=60):
    """Short sides of images behind the random resize of a pipeline."""
    transform = TRANSFORMS.build(dict(step(pipeline, 'RandomResize')))
    np.random.seed(0)
    return [
        min(
            transform(dict(img=np.zeros(shape, np.uint8),
                           img_shape=shape))['img_shape']) for _ in range(num)
    ]


def check_sgd(cfg, rate, iters, batch, power=0.9, decay=1e-4):
    optimizer = cfg.optim_wrapper.optimizer
    assert (optimizer.type, optimizer.lr, optimizer.momentum,
            optimizer.weight_decay) == ('SGD', rate, 0.9, decay)
    assert cfg.train_cfg.max_iters == iters
    assert iters % cfg.train_cfg.val_interval == 0
    scheduler, = cfg.param_scheduler
    assert (scheduler.type, scheduler.power, scheduler.eta_min, scheduler.end,
            scheduler.by_epoch) == ('PolyLR', power, 0, iters + 1, False)
    assert cfg.auto_scale_lr.base_batch_size == batch


def rates(cfg):
    """Factors of the learning rate by part."""
    return {
        part: keys['lr_mult']
        for part, keys in cfg.optim_wrapper.paramwise_cfg.custom_keys.items()
    }


def check_base_520(cfg, last):
    """Of PyTorch-Encoding, which trained the models of both papers."""
    pipeline = cfg.train_dataloader.dataset.pipeline
    assert types(pipeline)[2:] == [
        'RandomResize', 'RandomCrop', 'RandomFlip', *last, 'PackSegInputs'
    ]
    for shape in ((375, 500), (500, 375)):
        sides = short_sides(pipeline, shape)
        assert 260 <= min(sides) < 300 and 1000 < max(sides) <= 1040
        assert 600 < np.mean(sides) < 700
    crop = step(pipeline, 'RandomCrop')
    assert crop.crop_size == (480, 480) and crop.get('cat_max_ratio', 1) == 1
    assert step(pipeline, 'RandomFlip').prob == 0.5
    for loader in (cfg.val_dataloader, cfg.test_dataloader):
        resize = step(loader.dataset.pipeline, 'Resize')
        assert resize.scale == (520, 520) and resize.keep_ratio
    resizes, flips, *_ = cfg.tta_pipeline[1].transforms
    assert [resize.scale for resize in resizes
            ] == [(side, side) for side in (260, 390, 520, 650, 780, 910)]
    assert [flip.prob for flip in flips] == FLIPS
    check_windows(cfg, 480, 320)
    preprocessor = cfg.model.data_preprocessor
    assert preprocessor['size'] == preprocessor.test_cfg['size'] == (480, 480)


def check_windows(cfg, size, stride):
    assert cfg.model.test_cfg == dict(
        mode='slide', crop_size=(size, size), stride=(stride, stride))


@pytest.mark.parametrize('name', FASTFCN)
def test_fastfcn(read, name):
    cfg = read(name)
    check_base_520(cfg, ['RandomGaussianBlur'])
    blur = step(cfg.train_dataloader.dataset.pipeline, 'RandomGaussianBlur')
    assert blur.sigma[0] < 0.01 and blur.sigma[1] == 1 and blur.prob == 0.5
    if 'ade20k' in name:
        # 120 epochs of 20210 images
        check_sgd(cfg, 0.01, 151560, 16)
        classes = 150
    else:
        # 80 epochs of 4998 images
        check_sgd(cfg, 0.001, 25000, 16)
        classes = 59
    assert cfg.train_dataloader.batch_size == 4
    assert rates(cfg) == dict(neck=10, decode_head=10, auxiliary_head=10)
    model = cfg.model
    heads = model.decode_head, model.auxiliary_head
    assert all(head.num_classes == classes for head in heads)
    assert all(head.loss_decode.avg_non_ignore for head in heads)
    assert all(head.align_corners for head in heads)
    enc = 'enc' in name
    assert model.auxiliary_head.loss_decode.loss_weight == (.2 if enc else .4)
    if enc:
        assert model.decode_head.loss_se_decode.loss_weight == 0.2
        assert model.decode_head.bottleneck_kernel_size == 1
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        pipeline = loader.dataset.pipeline
        assert step(pipeline, 'LoadAnnotations').reduce_zero_label


def test_padding_of_fastfcn_is_about_black(read):
    preprocessor = read(FASTFCN[0]).model.data_preprocessor
    for mean, std in zip(preprocessor.mean, preprocessor.std):
        assert abs(preprocessor.pad_val + mean / std) < 0.2


@pytest.mark.parametrize('name', DANET_CITYSCAPES)
def test_danet_on_cityscapes(read, name):
    cfg = read(name)
    # 240 epochs of 371 steps
    check_sgd(cfg, DANET_CITYSCAPES[name], 240 * 371, 8)
    assert cfg.train_dataloader.batch_size == 2
    assert rates(cfg) == dict(decode_head=10)
    pipeline = cfg.train_dataloader.dataset.pipeline
    assert types(pipeline)[2:] == [
        'RandomResize', 'RandomCrop', 'RandomFlip', 'PackSegInputs'
    ]
    sides = short_sides(pipeline, (1024, 2048))
    assert 512 <= min(sides) < 600 and 1950 < max(sides) <= 2048
    crop = step(pipeline, 'RandomCrop')
    assert crop.crop_size == (768, 768) and crop.get('cat_max_ratio', 1) == 1
    assert 'Resize' not in types(cfg.test_dataloader.dataset.pipeline)
    check_windows(cfg, 768, 512)
    check_danet(cfg.model)
    flips, *_ = cfg.tta_pipeline[1].transforms
    assert [flip.prob for flip in flips] == FLIPS


def check_danet(model):
    assert model.backbone.multi_grid == (4, 8, 16)
    assert model.get('auxiliary_head') is None
    assert model.decode_head.align_corners
    assert model.decode_head.loss_decode.avg_non_ignore


@pytest.mark.parametrize('name', DANET_CONTEXT)
def test_danet_on_pascal_context(read, name):
    cfg = read(name)
    check_base_520(cfg, [])
    # 240 epochs of 4998 images
    check_sgd(cfg, 0.001, 75000, 16)
    assert cfg.train_dataloader.batch_size == 4
    assert cfg.model.decode_head.num_classes == 60
    check_danet(cfg.model)


@pytest.mark.parametrize('name', [
    'danet_r101-d8_89k_cityscapes-768x768',
    'danet_official_r101-d8_cityscapes-768x768'
])
def test_danet_at_many_scales(read, name):
    """Its model is that of one scale."""
    one, many = read(name), read(f'{name}_ms')
    check_windows(many, 1024, 682)
    assert many.model.data_preprocessor.test_cfg == dict(size=(1024, 1024))
    resizes, flips, *_ = many.tta_pipeline[1].transforms
    assert [resize.scale_factor
            for resize in resizes] == [0.25 * n for n in range(3, 10)]
    assert [flip.prob for flip in flips] == FLIPS
    for part in ('backbone', 'decode_head'):
        assert many.model[part] == one.model[part]


@pytest.mark.parametrize('name, rate, iters, batch, crop', [
    ('gscnn_r50-d8_19k_cityscapes-800x800', 0.01, 18600, 16, 800),
    ('gscnn_wrn38-d8_43k_cityscapes-800x800', 0.01, 42780, 16, 800),
    ('gscnn_wrn38-d8_65k_cityscapes-720x720_official', 0.01, 65100, 8, 720),
])
def test_gscnn(read, name, rate, iters, batch, crop):
    cfg = read(name)
    check_sgd(cfg, rate, iters, batch, power=1.0)
    assert cfg.train_dataloader.batch_size * 8 == batch
    pipeline = cfg.train_dataloader.dataset.pipeline
    assert step(pipeline, 'RandomCrop').crop_size == (crop, crop)
    assert step(pipeline, 'RandomResize').ratio_range == (0.5, 2.0)
    assert cfg.model.data_preprocessor['size'] == (crop, crop)
    # one scale, the whole image
    assert cfg.model.test_cfg.mode == 'whole'
    for loader in (cfg.val_dataloader, cfg.test_dataloader):
        assert step(loader.dataset.pipeline, 'Resize').scale == (2048, 1024)
    assert cfg.test_evaluator[1] == dict(
        type='BoundaryFScoreMetric', radii=(3, 5, 9, 12))
    with torch.device('meta'):
        head = MODELS.build(cfg.model).decode_head
    losses = (head.loss_edge, head.loss_decode, head.loss_dual,
              head.loss_attention)
    assert [loss.loss_weight for loss in losses] == [20, 1, 1, 1]
    assert head.edge_threshold == 0.8 and head.edge_radius == 2
    official = 'official' in name
    assert head.loss_dual.temperature == (0.5 if official else 1.0)
    assert head.loss_dual.relaxation == ('soft'
                                         if official else 'straight_through')
    assert head.image_gradient.mode == ('canny_normalized'
                                        if official else 'canny')
