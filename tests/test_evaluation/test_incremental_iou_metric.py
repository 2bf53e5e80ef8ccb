import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmseg_ext.evaluation import IncrementalIoUMetric

STEPS = (None, *[0] * 15, *[1] * 5)
# per-class table of WILSON, VOC 15-5 disjoint
IOU = [
    90.5, 88.8, 40.9, 86.4, 69.4, 77.9, 82.9, 88.0, 92.3, 35.4, 51.3, 56.2,
    88.3, 83.9, 77.2, 85.1, 30.3, 47.5, 39.2, 54.6, 47.5
]


def test_published_table():
    means = IncrementalIoUMetric.step_means(np.array(IOU) / 100, STEPS)
    assert means['mIoU_old'] == means['mIoU_step0']
    assert round(means['mIoU_old'], 1) == 73.6
    assert round(means['mIoU_new'], 1) == 43.8
    assert round(means['mIoU_all'], 1) == 67.3


def test_three_steps_and_no_background():
    iou = np.array([0., .2, .4, .6, np.nan])
    means = IncrementalIoUMetric.step_means(iou, (None, 0, 1, 2, 2), False)
    assert means == dict(
        mIoU_step0=20.,
        mIoU_step1=40.,
        mIoU_step2=60.,
        mIoU_old=30.,
        mIoU_new=60.,
        mIoU_all=40.)
    first = IncrementalIoUMetric.step_means(iou[:2], (None, 0))
    assert 'mIoU_old' not in first and first['mIoU_all'] == 10.


def test_through_stock(capsys):
    metric = IncrementalIoUMetric()
    metric.dataset_meta = dict(
        classes=('background', 'a', 'b'), class_steps=(None, 0, 1))
    truth = torch.tensor([[[0, 0, 1, 1], [2, 2, 2, 255]]])
    pred = torch.tensor([[[0, 1, 1, 1], [2, 2, 0, 0]]])
    sample = SegDataSample(
        gt_sem_seg=PixelData(data=truth), pred_sem_seg=PixelData(data=pred))
    metric.process({}, [sample.to_dict()])
    figures = metric.evaluate(1)
    assert figures['mIoU_old'] == 66.67
    assert figures['mIoU_new'] == 66.67
    assert figures['mIoU_all'] == figures['mIoU'] == 55.56


def test_faults():
    with pytest.raises(ValueError, match='needs mIoU'):
        IncrementalIoUMetric(iou_metrics=['mDice'])
    metric = IncrementalIoUMetric()
    metric.dataset_meta = dict(classes=('a', ))
    with pytest.raises(ValueError, match='class_steps'):
        metric.compute_metrics([[torch.ones(1)] * 4])
