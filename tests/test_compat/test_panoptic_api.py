import sys
from types import ModuleType

import numpy as np
import pytest

from mmseg_ext.compat import panoptic_api
from mmseg_ext.compat.panoptic_api import PQStat, id2rgb, rgb2id


def test_colours_and_ids():
    assert rgb2id([3, 2, 1]) == 3 + 2 * 256 + 256**2
    assert id2rgb(3 + 2 * 256 + 256**2) == [3, 2, 1]
    ids = np.array([[0, 255, 256], [65536, 2**24 - 1, 123456]])
    colors = id2rgb(ids)
    assert colors.dtype == np.uint8 and colors.shape == (2, 3, 3)
    assert colors[1, 0].tolist() == [0, 0, 1]
    assert rgb2id(colors).tolist() == ids.tolist()
    assert ids[1, 2] == 123456  # the argument is left alone


def test_quality():
    stat, other = PQStat(), PQStat()
    stat[1].iou, stat[1].tp, stat[1].fp = 0.8, 1, 1
    other[1].iou, other[1].tp, other[1].fn = 0.6, 1, 2
    other[2].fp = 3
    stat += other
    categories = {1: dict(isthing=1), 2: dict(isthing=0), 3: dict(isthing=0)}
    means, per_category = stat.pq_average(categories)
    # TP 2, FP 1, FN 2: RQ = 2 / 3.5, SQ = 1.4 / 2
    assert per_category[1]['rq'] == pytest.approx(2 / 3.5)
    assert per_category[1]['sq'] == pytest.approx(0.7)
    assert per_category[1]['pq'] == pytest.approx(0.7 * 2 / 3.5)
    assert per_category[3] == dict(pq=0., sq=0., rq=0.)
    assert means['n'] == 2  # category 3 does not occur
    assert means['pq'] == pytest.approx(0.7 * 2 / 3.5 / 2)
    assert stat.pq_average(categories, isthing=True)[0]['n'] == 1
    assert stat.pq_average({3: dict(isthing=0)})[0] == dict(
        pq=0., sq=0., rq=0., n=0)


def test_the_metric_of_mmdet(tmp_path):
    pytest.importorskip('mmdet')
    cv2 = pytest.importorskip('cv2')
    from mmdet.evaluation.functional import pq_compute_single_core
    truth = np.zeros((10, 10), int)
    truth[:, :6], truth[:, 6:] = 1, 2
    prediction = np.zeros((10, 10), int)
    prediction[:, :5], prediction[:, 5:] = 11, 12
    for name, ids in (('truth', truth), ('prediction', prediction)):
        (tmp_path / name).mkdir()
        cv2.imwrite(str(tmp_path / name / 'a.png'), id2rgb(ids)[..., ::-1])
    categories = {
        0: dict(id=0, name='a', isthing=1),
        1: dict(id=1, name='b', isthing=0)
    }

    def annotation(ids, labels):
        return dict(
            image_id=1,
            file_name='a.png',
            segments_info=[
                dict(
                    id=i,
                    category_id=label,
                    area=int((ids == i).sum()),
                    iscrowd=0) for i, label in labels.items()
            ])

    stat = pq_compute_single_core(0, [(annotation(truth, {
        1: 0,
        2: 1
    }), annotation(prediction, {
        11: 0,
        12: 1
    }))], str(tmp_path / 'truth'), str(tmp_path / 'prediction'), categories)
    means, per_category = stat.pq_average(categories)
    assert per_category[0]['pq'] == pytest.approx(50 / 60)
    assert per_category[1]['pq'] == pytest.approx(40 / 50)


def test_mmdet_finds_it():
    loading = pytest.importorskip('mmdet.datasets.transforms.loading')
    loading.LoadPanopticAnnotations()
    from mmdet.evaluation.metrics import coco_panoptic_metric
    assert coco_panoptic_metric.panopticapi is sys.modules['panopticapi']


def test_the_real_package_wins(monkeypatch):
    real = ModuleType('panopticapi')
    monkeypatch.setitem(sys.modules, 'panopticapi', real)
    assert panoptic_api.apply() == 'nothing, panopticapi is installed'
    assert sys.modules['panopticapi'] is real
    assert not panoptic_api.is_stand_in()


def test_the_real_package_on_disk_wins(monkeypatch):
    monkeypatch.delitem(sys.modules, 'panopticapi', raising=False)
    monkeypatch.setattr(panoptic_api, 'find_spec', lambda name: object())
    assert panoptic_api.apply() == 'nothing, panopticapi is installed'
    assert 'panopticapi' not in sys.modules
