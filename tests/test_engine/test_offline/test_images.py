from unittest.mock import patch

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.datasets.transforms import LoadAnnotations
from mmseg.registry import TRANSFORMS

from mmseg_ext.engine import offline

PIPELINE = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(6, 4)),
    dict(type='LoadAnnotations'),
    dict(type='PackSegInputs')
]


@pytest.fixture
def cfg(tmp_path):
    init_default_scope('mmseg')
    for i, name in enumerate(('a.png', 'deep/b.jpg')):
        path = tmp_path / 'photos' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.full((8, 12, 3), 100 * i, np.uint8))
    source = dict(
        type='UnlabeledImageDataset',
        data_root=str(tmp_path),
        data_prefix=dict(img_path='photos', seg_map_path='nowhere'))
    return Config(
        dict(
            train_dataloader=dict(
                dataset=dict(type='MultiSourceDataset', target=source)),
            test_dataloader=dict(
                dataset=dict(
                    type='RepeatDataset', dataset=dict(pipeline=PIPELINE)))))


def test_loads_as_the_config_tests_but_for_labels(cfg, tmp_path):
    images = offline.list_images(cfg, 'target')
    assert [x.name(x.root)
            for x in images] == ['photos/a.png', 'photos/deep/b.png']
    assert [x.name(x.folder) for x in images] == ['a.png', 'deep/b.png']
    loaded = list(
        offline.load_images(images, offline.test_pipeline(cfg), workers=0))
    for i, (image, batch) in enumerate(loaded):
        assert image is images[i]
        assert batch['inputs'][0].shape == (3, 4, 6)
        assert abs(int(batch['inputs'][0][0, 0, 0]) - 100 * i) <= 2
        assert batch['data_samples'][0].ori_shape == (8, 12)


def test_pipeline_of_several_data_sets(cfg):
    plain = offline.test_pipeline(cfg)
    assert [t['type'] for t in plain
            ] == ['LoadImageFromFile', 'Resize', 'PackSegInputs']
    test = cfg.test_dataloader
    one = test.dataset
    test.dataset = dict(type='ConcatDataset', datasets=[one, one])
    assert offline.test_pipeline(cfg) == plain
    other = dict(pipeline=PIPELINE[:1])
    test.dataset = dict(type='ConcatDataset', datasets=[one, other])
    with pytest.raises(
            ValueError,
            match='test_dataloader.dataset has data sets of different pipe'):
        offline.test_pipeline(cfg)


def test_transforms_of_labels_are_left_out_by_class(cfg):
    cfg.test_dataloader.dataset.dataset.pipeline = [
        dict(type='LoadImageFromFile'),
        dict(type=LoadAnnotations),
        dict(type='LoadSynthiaLabels'),
        dict(type='MapSegLabels', mapping={0: 1}),
        dict(type='GenerateEdge'),
        dict(type='PackSegInputs')
    ]
    with patch.dict(
            TRANSFORMS.module_dict,
            LoadSynthiaLabels=type('LoadSynthiaLabels', (LoadAnnotations, ),
                                   {})):
        found = offline.test_pipeline(cfg)
    assert [t['type'] for t in found] == ['LoadImageFromFile', 'PackSegInputs']


@pytest.mark.parametrize('test_dataloader', [
    None,
    dict(dataset=dict(type='ToyStreetDataset')),
    dict(dataset=dict(type='ConcatDataset', datasets=[]))
])
def test_no_pipeline(cfg, test_dataloader):
    cfg.test_dataloader = test_dataloader
    with pytest.raises(
            ValueError, match='test_dataloader.dataset has no pipeline'):
        offline.test_pipeline(cfg)


def test_source_that_is_not_there(cfg):
    with pytest.raises(ValueError, match=r"has no 'source': it has \['targ"):
        offline.list_images(cfg, 'source')


def test_names_that_would_collide(cfg, tmp_path):
    cv2.imwrite(str(tmp_path / 'photos/a.jpg'), np.zeros((8, 12, 3), np.uint8))
    with pytest.raises(ValueError, match='would both become photos/a.png'):
        offline.list_images(cfg, 'target')


def test_names_that_would_collide_below_their_folders(cfg, tmp_path):
    photos = cfg.train_dataloader.dataset.target
    (tmp_path / 'more').mkdir()
    cv2.imwrite(str(tmp_path / 'more/a.png'), np.zeros((8, 12, 3), np.uint8))
    more = dict(photos, data_prefix=dict(img_path='more'))
    cfg.train_dataloader.dataset.target = dict(
        type='ConcatDataset', datasets=[photos, more])
    assert len(offline.list_images(cfg, 'target')) == 3
    with pytest.raises(
            ValueError,
            match='more/a.png and .*photos/a.png would both become a.png'):
        offline.list_images(cfg, 'target', 'folder')


def test_shares_of_ranks(monkeypatch):
    for rank, expected in ((0, [0, 3, 6]), (1, [1, 4]), (2, [2, 5])):
        monkeypatch.setattr(
            'mmseg_ext.engine.offline.images.get_dist_info',
            lambda rank=rank: (rank, 3))
        assert offline.share_of_rank(list(range(7))) == expected


def test_progress_gets_to_its_end(cfg, capsys):
    images = offline.list_images(cfg, 'target')
    list(offline.load_images(images, offline.test_pipeline(cfg), workers=0))
    assert '2/2' in capsys.readouterr().out
    assert list(offline.show_progress([], 0)) == []
