"""The PQ metric of mmdet beside pictures of its predictions."""
import json

import cv2
import numpy as np
import pytest
import torch

pytest.importorskip('mmdet')
from mmdet.evaluation import CocoPanopticMetric  # noqa: E402


def test_predictions_stay_as_they_are(tmp_path):
    """Void is not turned into the first class under the hands of a hook."""
    categories = [dict(id=i, name=str(i), isthing=i) for i in (0, 1)]
    cv2.imwrite(str(tmp_path / 'a.png'), np.full((4, 4, 3), 1, np.uint8))
    annotations = dict(
        categories=categories,
        images=[dict(id=1, file_name='a.jpg', height=4, width=4)],
        annotations=[
            dict(
                image_id=1,
                file_name='a.png',
                segments_info=[
                    dict(id=65793, category_id=0, iscrowd=0, area=16)
                ])
        ])
    (tmp_path / 'a.json').write_text(json.dumps(annotations))
    metric = CocoPanopticMetric(
        ann_file=str(tmp_path / 'a.json'), seg_prefix=str(tmp_path))
    metric.dataset_meta = dict(classes=('0', '1'))
    panoptic = torch.full((1, 4, 4), 2, dtype=torch.int32)
    panoptic[:, :2] = 1000
    before = panoptic.clone()
    metric.process({}, [
        dict(
            img_id=1,
            img_path='a.jpg',
            ori_shape=(4, 4),
            segments_info=[],
            pred_panoptic_seg=dict(sem_seg=panoptic))
    ])
    assert torch.equal(panoptic, before)
    assert len(metric.results) == 1
