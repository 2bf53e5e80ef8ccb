from inspect import signature
from typing import List, Sequence

from mmseg.models.decode_heads import PointHead
from mmseg.structures import SegDataSample
from mmseg.utils import OptSampleList
from torch import Tensor, nn

from .head_capture import last_stage

_NORMS = (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm)


def main_decode_head(segmentor: nn.Module) -> nn.Module:
    """The decode head that predicts: the last one of a cascade."""
    return last_stage(segmentor.decode_head)


def classifies_points(head: nn.Module) -> bool:
    """Whether a head classifies sampled points, and so gives no map."""
    return isinstance(head, PointHead)


def forward_decode_head(segmentor: nn.Module,
                        feats: Sequence[Tensor],
                        data_samples: OptSampleList = None) -> None:
    """Run the decode head, or every stage of a cascade in turn.

    What it computes is read by :func:`capture_head`. A stage that classifies
    points (PointRend) is left out, with what is behind it.

    Args:
        segmentor (nn.Module): A segmentor of MMSegmentation.
        feats (Sequence[Tensor]): Features of its backbone and neck.
        data_samples (list[SegDataSample], optional): Samples of the images,
            for heads that ask for them. Defaults to None, empty ones.
    """
    head = segmentor.decode_head
    if not isinstance(head, nn.ModuleList):
        # of the class: capture_head may have wrapped that of the object
        if 'batch_data_samples' in signature(type(head).forward).parameters:
            head.forward(feats, data_samples
                         or [SegDataSample() for _ in feats[0]])
        else:
            head.forward(feats)
        return
    output = head[0].forward(feats)
    for stage in head[1:]:
        if classifies_points(stage):
            return
        output = stage.forward(feats, output)


def flat_features(feats) -> List[Tensor]:
    """All maps and tokens that a backbone gives, however it nests them."""
    if isinstance(feats, Tensor):
        return [feats]
    return [tensor for part in feats for tensor in flat_features(part)]


def detached(feats):
    """Features without a graph, nested as they are."""
    if isinstance(feats, Tensor):
        return feats.detach()
    return type(feats)(detached(part) for part in feats)


def redraw_weights(module: nn.Module) -> None:
    """Draw all weights of a module of mmengine again."""
    for child in module.modules():
        if hasattr(child, 'reset_parameters'):
            child.reset_parameters()
        if hasattr(child, '_is_init'):
            child._is_init = False
    module.init_weights()


def freeze_norm_parameters(module: nn.Module) -> None:
    """Take scale and shift of all normalisation layers out of training."""
    for child in module.modules():
        if isinstance(child, _NORMS):
            child.requires_grad_(False)
