from types import SimpleNamespace
from unittest.mock import patch

import cv2
import numpy as np
import pytest
from branch_data import labeled_config, multi_source_config, write_images
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS

from mmseg_ext.datasets.class_check import (class_faults, evaluation_faults,
                                            walk_heads)
from mmseg_ext.engine.hooks import LabelScanHook, label_scan_hook


@pytest.fixture(autouse=True, scope='module')
def scope():
    init_default_scope('mmseg')


@pytest.fixture
def root(tmp_path):
    return write_images(tmp_path / 'labeled', 4, True)


def write_label(root, value, index):
    path = root / 'ann' / f'{index:03d}.png'
    cv2.imwrite(str(path), np.full_like(cv2.imread(str(path), 0), value))


def model(num_classes, aux=None):
    head = SimpleNamespace(num_classes=num_classes)
    aux = aux and [SimpleNamespace(num_classes=n) for n in aux]
    return SimpleNamespace(
        segmentor=SimpleNamespace(decode_head=head, auxiliary_head=aux))


def test_class_count_of_every_head(root):
    dataset = DATASETS.build(labeled_config(root))
    assert class_faults(model(3, [3, 3]), dataset) == []
    faults = class_faults(model(19, [3, 2]), dataset)
    assert faults == [
        'model.segmentor.decode_head.num_classes is 19, but '
        'train_dataloader.dataset has 3 classes (sky, road, car, ...); set '
        'num_classes=3.',
        'model.segmentor.auxiliary_head[1].num_classes is 2, but '
        'train_dataloader.dataset has 3 classes (sky, road, car, ...); set '
        'num_classes=3.'
    ]


def test_class_count_of_what_is_evaluated():
    dataset, other, nameless = (
        SimpleNamespace(metainfo=dict(classes=classes))
        for classes in (('sky', 'road', 'car'), ('sky', 'road'), None))
    assert evaluation_faults(dataset, dataset) == []
    assert evaluation_faults(dataset, nameless) == []
    sources = SimpleNamespace(sources=dict(source=dataset, target=nameless))
    assert evaluation_faults(sources, other) == [
        'val_dataloader.dataset has 2 classes (sky, road, ...), but '
        'train_dataloader.dataset.source has 3 (sky, road, car, ...); set '
        'metainfo.classes so that both have the same.'
    ]


def test_class_count_from_a_config():
    config = dict(
        decode_head=[dict(num_classes=2),
                     dict(num_classes=3)],
        auxiliary_head=dict(num_classes=4))
    assert [(f, h['num_classes'])
            for f, h in walk_heads(config)] == [('model.decode_head[0]', 2),
                                                ('model.decode_head[1]', 3),
                                                ('model.auxiliary_head', 4)]


def run_hook(dataset, net, hook=LabelScanHook()):
    hook.before_train(
        SimpleNamespace(
            model=net, train_dataloader=SimpleNamespace(dataset=dataset)))


def test_hook_passes_good_data(root, tmp_path):
    unlabeled = write_images(tmp_path / 'unlabeled', 3)
    run_hook(DATASETS.build(multi_source_config(root, unlabeled)), model(3))


def test_hook_refuses_a_wrong_class_count(root):
    with pytest.raises(ValueError, match='num_classes is 21, but .* has 3'):
        run_hook(DATASETS.build(labeled_config(root)), model(21))


def test_hook_refuses_bad_labels_and_says_how_many(root):
    for i in range(3):
        write_label(root, 9, i)
    with pytest.raises(
            ValueError, match=r'000\.png has the value 9.*\(2 more faults'):
        run_hook(DATASETS.build(labeled_config(root)), model(3))


def test_hook_refuses_bad_labels_of_the_validation(root, tmp_path):
    other = write_images(tmp_path / 'val', 4, True)
    write_label(other, 9, 0)
    loaders = {
        f'{name}_dataloader':
        SimpleNamespace(dataset=DATASETS.build(labeled_config(folder)))
        for name, folder in (('train', root), ('val', other))
    }
    with pytest.raises(
            ValueError,
            match=r'val_dataloader.dataset: .*val.*000\.png has the value 9'):
        LabelScanHook().before_train(
            SimpleNamespace(model=model(3), val_loop=object(), **loaders))


def test_hook_takes_the_models_classes_where_the_data_names_none(root):
    dataset = DATASETS.build(labeled_config(root, metainfo=None))
    run_hook(dataset, model(3))
    with pytest.raises(ValueError, match='has the value 2, but there are 2'):
        run_hook(dataset, model(2))


def test_every_rank_raises_what_rank_0_found(root):

    def broadcast(objects):
        assert objects == [None]  # this rank has not read anything
        objects[0] = 'a fault'

    with patch.object(label_scan_hook, 'is_main_process', lambda: False), \
            patch.object(label_scan_hook, 'broadcast_object_list', broadcast):
        with pytest.raises(ValueError, match='a fault'):
            run_hook(None, None)


def test_a_failing_scan_does_not_leave_the_other_ranks_waiting():
    sent = []
    with patch.object(label_scan_hook, 'broadcast_object_list', sent.extend):
        with pytest.raises(ValueError, match='scan .* failed'):
            run_hook(SimpleNamespace(datasets=5), model(3))
    assert sent


def test_hook_refuses_a_negative_number():
    with pytest.raises(ValueError, match='got -1'):
        LabelScanHook(-1)
