import numpy as np
import pytest
from mmengine.registry import init_default_scope
from mmseg.datasets.transforms import LoadAnnotations
from mmseg.registry import TRANSFORMS
from PIL import Image

from mmseg_ext.datasets.label_splits import (count_classes, draw_order,
                                             list_images, parse_size,
                                             parse_sizes)


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmseg')


@pytest.mark.parametrize(
    'text, total, expected',
    [
        # The counts of published lists.
        ('1/16', 10582, ('1_16', 662)),
        ('1/8', 10582, ('1_8', 1323)),
        ('1/8', 2975, ('1_8', 372)),
        ('1/30', 2975, ('1_30', 100)),
        ('1/8', 367, ('1_8', 46)),
        ('46', 367, ('46', 46)),
        ('1/8=1322', 10582, ('1_8', 1322)),
    ])
def test_parse_size(text, total, expected):
    assert parse_size(text, total) == expected


@pytest.mark.parametrize(
    'text', ['', 'eighth', '8/1', '1/0', '100', '0', '=4', '1/8=', '-1'])
def test_parse_size_refuses(text):
    with pytest.raises(ValueError):
        parse_size(text, 100)


def test_sizes_of_one_folder_are_refused():
    assert [size.count for size in parse_sizes(['1/4', '7'], 20)] == [5, 7]
    with pytest.raises(ValueError, match="'1/4' and '1/4=7' .* folder 1_4"):
        parse_sizes(['1/4', '1/4=7'], 20)


def test_order_is_a_permutation_of_its_own_seed():
    orders = [draw_order(50, seed).tolist() for seed in range(4)]
    assert all(sorted(order) == list(range(50)) for order in orders)
    assert len(set(map(tuple, orders))) == 4
    assert draw_order(50, 2).tolist() == orders[2]


def test_balanced_order_shows_rare_classes_first():
    rng = np.random.default_rng(0)
    counts = rng.integers(1000, 2000, size=(200, 6))
    counts[:, 4] = 0
    rare = {4: [17, 90], 5: [3, 99, 150, 161]}
    for c, images in rare.items():
        counts[:, c] = 0
        counts[images, c] = 10
    smallest = []
    for seed in range(5):
        for chosen in (draw_order(200, seed,
                                  counts)[:8], draw_order(200, seed)[:8]):
            share = counts[chosen].sum(0) / counts.sum(0)
            smallest.append(share.min())
    balanced, random = np.array(smallest).reshape(5, 2).T
    assert balanced.min() > 0
    assert balanced.mean() > random.mean() + 0.02
    order = draw_order(200, 0, counts)
    assert sorted(order.tolist()) == list(range(200))
    assert order.tolist() != draw_order(200, 1, counts).tolist()


def _save(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((2, 3), value, np.uint8)).save(path)


def _config(root, folder='images'):
    return dict(
        type='BaseSegDataset',
        data_root=str(root),
        data_prefix=dict(img_path=folder, seg_map_path='labels'),
        img_suffix='_x.png',
        pipeline=[dict(type='NotInstalled')])


@pytest.fixture
def root(tmp_path):
    for i, name in enumerate(('b', 'city/a', 'c')):
        _save(tmp_path / f'images/{name}_x.png', 0)
        _save(tmp_path / f'labels/{name}.png', (0, 2, 255)[i])
    return tmp_path


def test_names_of_a_wrapped_dataset(root):
    cfg = dict(
        type='RepeatDataset',
        times=2,
        dataset=dict(type='ConcatDataset', datasets=[_config(root)]))
    images = list_images(cfg)
    assert [image.name for image in images] == ['b', 'c', 'city/a']
    assert images[2].pair(str(root)) == 'images/city/a_x.png labels/city/a.png'


def test_same_name_twice(root):
    _save(root / 'more/b_x.png', 0)
    cfg = dict(
        type='ConcatDataset', datasets=[_config(root),
                                        _config(root, 'more')])
    with pytest.raises(ValueError, match='two images .* are called b'):
        list_images(cfg)


def test_a_split_dataset_is_refused(root):
    with pytest.raises(ValueError, match='split already'):
        list_images(dict(type='MultiSourceDataset', labeled=_config(root)))


def test_count_classes(root):
    counts = count_classes(list_images(_config(root)))
    assert counts.tolist() == [[6, 0, 0], [0, 0, 0], [0, 0, 6]]


def test_count_classes_heeds_reduce_zero_label(root):
    cfg = dict(_config(root), reduce_zero_label=True)
    assert count_classes(list_images(cfg)).tolist() == [[0, 0], [0, 0], [0, 6]]


def test_count_classes_loads_labels_as_the_data_set_does(root):
    cfg = dict(_config(root))
    cfg['pipeline'] = [
        dict(type='NotInstalled'),
        dict(type='LoadAnnotations'),
        dict(type='MapSegLabels', mapping={
            0: 1,
            2: 0
        })
    ]
    assert count_classes(list_images(cfg)).tolist() == [[0, 6], [0, 0], [6, 0]]


def test_damaged_label_is_named(root):
    (root / 'labels/b.png').write_bytes(b'no image')
    with pytest.raises(RuntimeError, match='b.png cannot be read'):
        count_classes(list_images(_config(root)))


def test_labels_that_hold_no_class_ids_are_named(root):
    ids = np.zeros((2, 3), np.uint8)
    Image.fromarray(np.dstack([ids] * 3)).save(root / 'labels/b.png')
    with pytest.raises(ValueError, match='b.png has 3 colour channels'):
        count_classes(list_images(_config(root)))


class ManyClasses(LoadAnnotations):
    """Class ids of 16 bits."""

    def _load_seg_map(self, results):
        label = np.array(Image.open(results['seg_map_path']))
        results['gt_seg_map'] = label.astype(np.int64)


def test_count_classes_beyond_8_bits(root, monkeypatch):
    for name in ('b', 'c', 'city/a'):
        label = np.array([[0, 255, 300], [600, 600, 600]], np.uint16)
        Image.fromarray(label).save(root / f'labels/{name}.png')
    monkeypatch.setitem(TRANSFORMS.module_dict, 'ManyClasses', ManyClasses)
    cfg = dict(
        _config(root),
        ignore_index=600,
        metainfo=dict(classes=[f'c{i}' for i in range(301)]),
        pipeline=[dict(type='ManyClasses')])
    for row in count_classes(list_images(cfg)):
        assert {i: n for i, n in enumerate(row) if n} == {0: 1, 255: 1, 300: 1}


def test_count_classes_heeds_ignore_index(root):
    cfg = dict(_config(root), ignore_index=2)
    assert count_classes(list_images(cfg)).tolist() == [[6], [0], [0]]


def test_names_of_unlabelled_images(root):
    """Whose suffixes are several."""
    _save(root / 'photos/photo_0_abcdefgh.png', 0)
    _save(root / 'photos/photo_1_abcdefgh.PNG', 0)
    cfg = dict(
        type='UnlabeledImageDataset',
        data_prefix=dict(img_path=str(root / 'photos')))
    assert [image.name for image in list_images(cfg)
            ] == ['photo_0_abcdefgh', 'photo_1_abcdefgh']
