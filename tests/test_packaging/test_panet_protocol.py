"""The configs of PANet hold what paper and README say."""
from functools import lru_cache

import pytest
import torch
from mmengine.config import Config
from mmengine.fileio import load
from mmengine.registry import DefaultScope

import mmseg_ext  # noqa: F401

pytest.importorskip('mmdet')
from mmdet.registry import MODELS  # noqa: E402  isort: skip

PARTS = ('many scales', 'SyncBN', 'bottom-up', 'pooling', 'fc fusion',
         'heavier head')
# The table of the paper from its first row to its last.
ROWS = ('ablation/mask-rcnn_r50_frozen-bn_2x_coco',
        'ablation/mask-rcnn_r50_frozen-bn_ms-2x_coco',
        'ablation/mask-rcnn_r50_syncbn_ms-2x_coco',
        'ablation/mask-rcnn_bottom-up_r50_syncbn_ms-2x_coco',
        'ablation/panet_2fc_no-fc-fusion_r50_syncbn_ms-2x_coco',
        'ablation/panet_2fc_r50_syncbn_ms-2x_coco',
        'panet_r50_syncbn_ms-2x_coco')
TOY = {
    'panet_no-bottom-up_toystreet': 'bottom-up',
    'panet_single-level_toystreet': 'pooling',
    'panet_no-fc-fusion_toystreet': 'fc fusion',
    'panet_2fc_toystreet': 'heavier head',
}


@pytest.fixture(scope='module')
def configs(repo):
    """All configs by name."""
    folder = repo / 'configs/panet'
    with pytest.MonkeyPatch.context() as patch:
        # For each base mmengine reads all metafiles of its package anew.
        patch.setattr('mmengine.config.utils.load', lru_cache(load))
        return {
            str(path.relative_to(folder))[:-3]: Config.fromfile(str(path))
            for path in sorted(folder.rglob('*.py'))
        }


def parts(cfg):
    """Which parts of PANet a config has."""
    model, heads = cfg.model, cfg.model.roi_head
    norms = [
        model.backbone.norm_cfg,
        model.neck.get('norm_cfg'),
        heads.bbox_head.get('norm_cfg'),
        heads.mask_head.get('norm_cfg')
    ]
    sync = {'SyncBN' == (norm and norm.type) for norm in norms}
    assert len(sync) == 1
    pooling = {
        heads[f'{kind}_roi_extractor'].type == 'AdaptiveFeaturePooling'
        for kind in ('bbox', 'mask')
    }
    levels = {
        heads[f'{kind}_head'].get('num_levels', 4)
        for kind in ('bbox', 'mask')
    }
    assert (pooling, levels) in (({True}, {4}), ({False}, {1}))
    dataset = cfg.train_dataloader.dataset
    pipeline = dataset.get('dataset', dataset).pipeline
    found = dict(
        zip(PARTS,
            (pipeline[2].type == 'RandomResize', sync.pop(), model.neck.type
             == 'PathAggregationFPN', pooling.pop(),
             heads.mask_head.get(
                 'fc_fusion', True), heads.bbox_head.num_shared_convs == 4)))
    return {name for name, there in found.items() if there}


def test_each_row_adds_one_part(configs):
    found = [parts(configs[row]) for row in ROWS]
    assert found[0] == set()
    for index, part in enumerate(PARTS):
        assert found[index + 1] - found[index] == {part}
        assert found[index] < found[index + 1]


def test_each_part_is_switched_off_in_turn(configs):
    whole = parts(configs['panet_toystreet'])
    for name, part in TOY.items():
        assert whole - parts(configs[name]) == {part}, name


def test_every_model_builds(configs):
    for name, cfg in configs.items():
        with DefaultScope.overwrite_default_scope('mmdet'):
            with torch.device('meta'):
                model = MODELS.build(cfg.model)
        classes = cfg.train_dataloader.dataset.get('metainfo',
                                                   {}).get('classes')
        if classes:
            assert model.roi_head.bbox_head.num_classes == len(classes), name


@pytest.mark.parametrize('name, epochs, steps', [
    ('panet_r50_syncbn_ms-2x_coco', 22, [16]),
    ('panet-box_r50_syncbn_1x_coco', 11, [8]),
    ('panet_r50_gn_ms-2x_coco_official', 24, [16, 22]),
    ('panet-box_2fc_r50_gn_1x_coco_official', 12, [8, 11]),
])
def test_schedule_on_coco(configs, name, epochs, steps):
    cfg = configs[name]
    assert cfg.train_cfg.max_epochs == cfg.param_scheduler[1].end == epochs
    assert cfg.param_scheduler[1].milestones == steps
    optimizer = cfg.optim_wrapper.optimizer
    assert (optimizer.type, optimizer.lr, optimizer.momentum,
            optimizer.weight_decay) == ('SGD', .02, .9, 1e-4)
    assert cfg.train_dataloader.batch_size * 8 == 16
    assert cfg.auto_scale_lr.base_batch_size == 16
    assert cfg.model.train_cfg.rpn_proposal.max_per_img == 2000
    assert cfg.model.train_cfg.rcnn.sampler.num == 512


def test_cityscapes(configs):
    for depth in ('r50', 'r101', 'x101-32x8d'):
        cfg = configs[f'panet_{depth}_syncbn_24k_cityscapes']
        assert cfg.train_cfg.max_iters == 24000
        assert cfg.param_scheduler[1].milestones == [18000]
        assert cfg.optim_wrapper.optimizer.lr == .01
        assert cfg.train_dataloader.batch_size * 8 == 8
        pipeline = cfg.train_dataloader.dataset.dataset.pipeline
        assert pipeline[2].scale == [(2048, 800), (2048, 1024)]


def test_scales(configs):
    for name, train, test in (('panet_r50_syncbn_2x_coco', (1000, 800),
                               (1000, 800)), ('panet_r50_syncbn_ms-2x_coco', [
                                   (1400, 400), (1400, 1400)
                               ], (1400, 1000))):
        cfg = configs[name]
        assert cfg.train_dataloader.dataset.pipeline[2].scale == train
        for loader in (cfg.val_dataloader, cfg.test_dataloader):
            assert loader.dataset.pipeline[1].scale == test


def test_the_two_of_pennfudan_differ_in_the_model_alone(configs):
    ours, baseline = (
        configs[f'{name}_r18-gn_2k_pennfudan-192x256'].to_dict()
        for name in ('panet', 'mask-rcnn'))
    models = [cfg.pop('model') for cfg in (ours, baseline)]
    # what each has been measured to reach
    figures = [cfg['expected'].pop('value') for cfg in (ours, baseline)]
    assert figures[0] > figures[1]
    assert ours == baseline
    assert models[0]['backbone'] == models[1]['backbone']
    assert models[0]['train_cfg'] == models[1]['train_cfg']
