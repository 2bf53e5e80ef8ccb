import numpy as np
from mmseg.registry import VISUALIZERS
from mmseg.visualization import SegLocalVisualizer


@VISUALIZERS.register_module()
class ContiguousSegVisualizer(SegLocalVisualizer):
    """Stock ``SegLocalVisualizer`` that takes images of any memory layout.

    The stock ``browse_dataset`` turns (C, H, W) tensors into images whose
    layout the stock visualiser hands on to OpenCV, which refuses it. All
    arguments as of ``SegLocalVisualizer``.
    """

    def add_datasample(self, name: str, image: np.ndarray, *args,
                       **kwargs) -> None:
        """Draw a data sample.

        Args:
            name (str): Name of the picture.
            image (np.ndarray): RGB image, (H, W, 3).
            *args: Further arguments of ``SegLocalVisualizer``.
            **kwargs: The same by name.
        """
        super().add_datasample(name, np.ascontiguousarray(image), *args,
                               **kwargs)
