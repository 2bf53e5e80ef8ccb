from typing import Sequence, Tuple

from mmengine.model import BaseModule
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from mmseg.utils import OptMultiConfig
from torch import Tensor


@MODELS.register_module()
class BilinearUpsampling(BaseModule):
    """Enlarges the last map to the size of another one.

    The baseline of `FastFCN <https://arxiv.org/abs/1903.11816>`_: what JPU
    has to be better than.

    Args:
        target_level (int): Index of the map whose size is taken. Defaults to
            0.
        align_corners (bool): How the map is resized. Defaults to False.
        init_cfg (dict or list[dict], optional): Not used. Defaults to None.
    """

    def __init__(self,
                 target_level: int = 0,
                 align_corners: bool = False,
                 init_cfg: OptMultiConfig = None) -> None:
        super().__init__(init_cfg)
        self.target_level = target_level
        self.align_corners = align_corners

    def forward(self, inputs: Sequence[Tensor]) -> Tuple[Tensor, ...]:
        """The maps with the last one enlarged."""
        enlarged = resize(
            inputs[-1],
            size=inputs[self.target_level].shape[2:],
            mode='bilinear',
            align_corners=self.align_corners)
        return (*inputs[:-1], enlarged)
