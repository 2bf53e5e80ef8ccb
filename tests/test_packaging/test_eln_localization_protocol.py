"""The configs of table 4 of ELN: how well errors are found on VOC 1/20."""
from functools import lru_cache

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from mmengine.fileio import load
from mmseg.registry import DATASETS
from mmseg.utils import register_all_modules

register_all_modules()
FILTERS = dict(
    eln='ErrorLocalizationNetwork',
    secn='ErrorCorrectionNetwork',
    threshold='ConfidenceFilter')
NAME = '{}_localize_r50-deeplabv3plus_32k_voc12aug-1_20-505x505.py'


@pytest.fixture(scope='module')
def configs(repo):
    with pytest.MonkeyPatch.context() as patch:
        # For each base of mmseg, mmengine reads all of mmseg's metafiles anew.
        patch.setattr('mmengine.config.utils.load', lru_cache(load))
        return {
            name:
            Config.fromfile(str(repo / 'configs/eln' / NAME.format(name)))
            for name in FILTERS
        }


@pytest.mark.parametrize('name', FILTERS)
def test_filter_is_scored_after_two_stages(configs, name):
    cfg = configs[name]
    assert cfg.model.localize_errors
    assert cfg.model.pseudo_filter.type == FILTERS[name]
    pretrain, localize, _ = cfg.default_hooks.stage.stages
    assert pretrain.iters + localize.iters == cfg.train_cfg.max_iters
    assert cfg.train_cfg.val_interval == cfg.train_cfg.max_iters
    for evaluator in (cfg.val_evaluator, cfg.test_evaluator):
        assert evaluator == dict(type='ErrorLocalizationMetric')


def test_rows_differ_in_filter_and_its_training_alone(configs):

    def rest(cfg):
        cfg = cfg.to_dict()
        cfg['default_hooks'].pop('stage')
        cfg['model'].pop('pseudo_filter')
        cfg['model'].pop('aux_decoders')
        return cfg

    assert rest(configs['eln']) == rest(configs['secn'])
    assert rest(configs['eln']) == rest(configs['threshold'])


def test_unlabelled_images_are_scored_as_training_sees_them(configs, tmp_path):
    cfg = configs['eln']
    unlabeled = cfg.train_dataloader.dataset.unlabeled
    for kind, shape in (('JPEGImages', (8, 9, 3)), ('SegmentationClassAug',
                                                    (8, 9))):
        (tmp_path / kind).mkdir()
        for stem in ('2007_000032', '2007_000033'):
            suffix = '.jpg' if kind == 'JPEGImages' else '.png'
            cv2.imwrite(
                str(tmp_path / kind / f'{stem}{suffix}'),
                np.ones(shape, np.uint8))
    names = tmp_path / unlabeled.ann_file
    names.parent.mkdir(parents=True)
    names.write_text('JPEGImages/2007_000032.jpg '
                     'SegmentationClassAug/2007_000032.png\n2007_000033\n')
    for loader in (cfg.val_dataloader, cfg.test_dataloader):
        assert loader.dataset.ann_file == unlabeled.ann_file
        dataset = DATASETS.build(dict(loader.dataset, data_root=str(tmp_path)))
        assert len(dataset) == 2
        for item in dataset:
            assert item['inputs'].shape[1:] == (505, 505)
            sample = item['data_samples']
            assert sample.ori_shape == (505, 505)
            assert (sample.gt_sem_seg.data == 1).all()
