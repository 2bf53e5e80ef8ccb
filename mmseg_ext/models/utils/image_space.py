"""Images as one network is fed them, turned into those of another.

Shape shorthand: images (N, 3, H, W). Stock loading leaves BGR in 0..255, from
which each data preprocessor makes what its network is fed. Everything here is
differentiable.
"""
from torch import Tensor, nn


def to_loaded(images: Tensor, preprocessor: nn.Module) -> Tensor:
    """Images as they were ahead of a preprocessor: BGR in 0..255.

    Args:
        images (Tensor): What the preprocessor made.
        preprocessor (nn.Module): A ``SegDataPreProcessor`` or one around it.

    Returns:
        Tensor: Not rounded, of the same shape.
    """
    if getattr(preprocessor, '_enable_normalize', False):
        images = images * preprocessor.std + preprocessor.mean
    if preprocessor.channel_conversion:
        images = images.flip(1)
    return images


def from_loaded(images: Tensor, preprocessor: nn.Module) -> Tensor:
    """What a preprocessor makes of BGR images in 0..255.

    Args:
        images (Tensor): BGR, float.
        preprocessor (nn.Module): A ``SegDataPreProcessor`` or one around it.

    Returns:
        Tensor: Of the same shape.
    """
    if preprocessor.channel_conversion:
        images = images.flip(1)
    if getattr(preprocessor, '_enable_normalize', False):
        images = (images - preprocessor.mean) / preprocessor.std
    return images
