import torch.nn.functional as F
from mmseg.structures import SegDataSample
from torch import Tensor


def undo_test_geometry(maps: Tensor, sample: SegDataSample) -> Tensor:
    """Bring maps of the network's input to the size of the prediction.

    Args:
        maps (Tensor): (K, H, W) at the size of the input.
        sample (SegDataSample): Its metainfo tells padding and flip, its
            ``pred_sem_seg`` the size.

    Returns:
        Tensor: (K, h, w), by nearest neighbour.
    """
    meta = sample.metainfo
    left, right, top, bottom = meta.get('img_padding_size',
                                        meta.get('padding_size', [0] * 4))
    height, width = maps.shape[1:]
    maps = maps[:, top:height - bottom, left:width - right]
    if meta.get('flip'):
        maps = maps.flip(
            dims=(2 if meta['flip_direction'] == 'horizontal' else 1, ))
    shape = sample.pred_sem_seg.shape[-2:]
    return F.interpolate(maps[None], shape, mode='nearest')[0]
