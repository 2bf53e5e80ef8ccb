"""Pictures of what a model on mmdet has, and has not, found."""
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData

pytest.importorskip('mmdet')
from mmdet.structures import DetDataSample  # noqa: E402
from mmdet.visualization import DetLocalVisualizer  # noqa: E402

IMAGE = np.full((6, 8, 3), 100, np.uint8)


def draw(ids, **meta):
    visualizer = DetLocalVisualizer()
    visualizer.dataset_meta = dict(
        classes=('a', 'b'), palette=[(255, 0, 0), (0, 255, 0)])
    sample = DetDataSample(
        pred_panoptic_seg=PixelData(sem_seg=ids, metainfo=meta))
    visualizer.add_datasample('x', IMAGE, sample, draw_gt=False)
    return visualizer.get_image()


@pytest.mark.parametrize('void, meta', [
    (2, {}),
    (1, dict(label_names=('a', ))),
    (255, dict(label_names=('a', 'b'), ignore_index=255)),
])
def test_nothing_is_found(void, meta):
    ids = torch.full((1, 6, 8), void, dtype=torch.int32)
    assert np.array_equal(draw(ids, **meta), IMAGE)
    ids[0, 2:5, 2:7] = 1000
    assert not np.array_equal(draw(ids, **meta), IMAGE)


def test_inferencer_of_an_untrained_model(repo):
    from mmdet.apis import DetInferencer
    cfg = Config.fromfile(
        str(repo / 'configs/oneformer/oneformer_toystreet.py'))
    torch.manual_seed(0)
    init_default_scope('mmdet')
    inferencer = DetInferencer(cfg, device='cpu', show_progress=False)
    inferencer.visualizer.dataset_meta = cfg.metainfo
    found = inferencer(IMAGE, return_vis=True, return_datasamples=True)
    panoptic = found['predictions'][0].pred_panoptic_seg.sem_seg
    assert np.unique(panoptic).tolist() == [len(cfg.metainfo.classes)]
    assert found['visualization'][0].shape == IMAGE.shape
