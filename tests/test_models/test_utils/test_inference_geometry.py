import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmseg_ext.models.utils.inference_geometry import undo_test_geometry


def sample_of(size, **metainfo):
    sample = SegDataSample(metainfo=metainfo)
    sample.pred_sem_seg = PixelData(
        data=torch.zeros(1, *size, dtype=torch.long))
    return sample


@pytest.mark.parametrize('flip, dims', [('horizontal', (2, )),
                                        ('vertical', (1, ))])
def test_padding_and_flip_are_undone(flip, dims):
    wanted = torch.arange(24.).view(2, 3, 4)
    seen = torch.nn.functional.pad(
        wanted.flip(dims=dims), (1, 2, 3, 0), value=-1.)
    sample = sample_of((3, 4),
                       img_padding_size=[1, 2, 3, 0],
                       flip=True,
                       flip_direction=flip)
    assert torch.equal(undo_test_geometry(seen, sample), wanted)


def test_maps_get_the_size_of_the_prediction():
    maps = torch.tensor([[[1., 2.], [3., 4.]]])
    resized = undo_test_geometry(maps, sample_of((4, 2)))
    assert resized.tolist() == [[[1., 2.], [1., 2.], [3., 4.], [3., 4.]]]
