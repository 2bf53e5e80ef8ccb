from typing import List, Optional

from mmseg.models.segmentors import EncoderDecoder
from mmseg.registry import MODELS
from torch import Tensor


@MODELS.register_module()
class ShapeStreamEncoderDecoder(EncoderDecoder):
    """A segmentor whose heads see the stem's output and the image as well.

    :meth:`extract_feat` returns the features, the output of the stem if there
    is a ``stem_layer``, and the image, in this order: heads must not index
    features from the end. Any backbone works as it is; its checkpoints keep
    their names. For :class:`GSCNNHead`.

    Args:
        stem_layer (str, optional): Path of a module of the backbone that runs
            once, such as ``'stem'`` of ``ResNetV1c`` or ``'relu'`` of
            ``ResNet``. Defaults to None, no output of a stem.
        **kwargs: As of ``EncoderDecoder``.

    Raises:
        ValueError: If the backbone has no such module.
    """

    def __init__(self, stem_layer: Optional[str] = None, **kwargs) -> None:
        super().__init__(**kwargs)
        self.stem_layer = stem_layer
        if stem_layer is None:
            return
        try:
            self.backbone.get_submodule(stem_layer)
        except AttributeError as error:
            names = [name for name, _ in self.backbone.named_children()]
            raise ValueError(
                f'model.stem_layer is {stem_layer!r}, but the backbone has '
                f'the modules {names}.') from error

    def extract_feat(self, inputs: Tensor) -> List[Tensor]:
        """Features of images, the stem's output, and the images."""
        if self.stem_layer is None:
            return [*super().extract_feat(inputs), inputs]
        seen = []
        layer = self.backbone.get_submodule(self.stem_layer)
        handle = layer.register_forward_hook(
            lambda module, args, output: seen.append(output))
        try:
            features = super().extract_feat(inputs)
        finally:
            handle.remove()
        return [*features, seen[0], inputs]
