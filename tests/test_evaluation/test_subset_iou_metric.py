import numpy as np
import pytest
import torch
from mmseg.datasets import CityscapesDataset
from mmseg.registry import METRICS

import mmseg_ext  # noqa: F401
from mmseg_ext.evaluation import SubsetIoUMetric

CLASSES = ('a', 'b', 'c', 'd')


def sample(gt, pred):

    def field(values):
        return dict(data=torch.tensor(values).view(1, 1, -1))

    return dict(gt_sem_seg=field(gt), pred_sem_seg=field(pred))


def evaluate(samples, classes=CLASSES, **kwargs):
    metric = METRICS.build(dict(type='SubsetIoUMetric', **kwargs))
    metric.dataset_meta = dict(classes=classes)
    for one in samples:
        metric.process({}, [one])
    return metric.evaluate(len(samples))


# IoU a 1/2, b 1/3, c 0/1 (never predicted right), d 1/1
SAMPLES = [
    sample([0, 0, 1, 255], [0, 1, 1, 2]),
    sample([1, 3, 2], [2, 3, 1]),
]


def test_means_over_subsets():
    found = evaluate(
        SAMPLES, subsets=dict(two=['b', 'a'], three=['a', 'b', 'd']))
    # Predicting c, outside of both subsets, still counts against b.
    iou = np.array([1 / 2, 1 / 4, 0, 1])
    assert found['mIoU'] == pytest.approx(100 * iou.mean(), abs=0.01)
    assert found['two'] == pytest.approx(100 * iou[:2].mean(), abs=0.01)
    assert found['three'] == pytest.approx(
        100 * iou[[0, 1, 3]].mean(), abs=0.01)


def test_all_classes_give_the_stock_figure():
    found = evaluate(SAMPLES, subsets=dict(all=CLASSES))
    assert found['all'] == found['mIoU']


def test_an_absent_class_is_left_out():
    found = evaluate([sample([0, 0], [0, 0])], subsets=dict(two=['a', 'b']))
    assert found['two'] == 100
    found = evaluate([sample([0, 0], [0, 0])],
                     subsets=dict(two=['a', 'b']),
                     nan_to_num=0)
    assert found['two'] == 50


def test_synthia_protocols_are_those_of_the_literature(repo):
    from mmengine.config import Config
    folder = repo / 'configs/_base_/datasets'
    cfg = Config.fromfile(
        str(folder / 'synthia_to_cityscapes-760x1280_512x1024.py'))
    classes = CityscapesDataset.METAINFO['classes']
    ids = {
        name: sorted(classes.index(c) for c in subset)
        for name, subset in cfg.val_evaluator.subsets.items()
    }
    sixteen = [i for i in range(19) if i not in (9, 14, 16)]
    assert ids == dict(
        mIoU16=sixteen, mIoU13=[i for i in sixteen if i not in (3, 4, 5)])


@pytest.mark.parametrize('kwargs, message', [
    (dict(subsets={}), 'subsets is empty'),
    (dict(subsets=dict(two=[])), 'subsets.two must name'),
    (dict(subsets=dict(two=['a', 'a'])), 'subsets.two must name'),
    (dict(subsets=dict(mIoU=['a'])), 'name of a stock figure'),
    (dict(subsets=dict(two=['a']), iou_metrics=['mDice']), 'needs mIoU'),
])
def test_refuses_wrong_subsets(kwargs, message):
    with pytest.raises(ValueError, match=message):
        SubsetIoUMetric(**kwargs)


def test_refuses_unknown_classes_ahead_of_the_first_image():
    metric = SubsetIoUMetric(subsets=dict(two=['a', 'tree']))
    with pytest.raises(ValueError, match="subsets.two has the class 'tree'"):
        metric.dataset_meta = dict(classes=CLASSES)
