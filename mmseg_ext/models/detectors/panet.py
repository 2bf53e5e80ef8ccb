from typing import Optional

from mmdet.models.detectors import MaskRCNN
from mmdet.registry import MODELS
from mmdet.utils import OptConfigType


@MODELS.register_module()
class PANet(MaskRCNN):
    """Mask R-CNN as the stock tools of MMSegmentation build it.

    What makes PANet are its neck, RoI extractors and heads, and they work in
    a plain ``MaskRCNN`` too; without ``mask_head`` it is a detector alone. Of
    `Path Aggregation Network <https://arxiv.org/abs/1803.01534>`_.

    Args:
        train_cfg (dict, optional): As of ``MaskRCNN``; None for a model that
            is not trained. Defaults to None.
        pretrained (None): Set by those tools. Defaults to None.
        **kwargs: As of ``MaskRCNN``.

    Raises:
        ValueError: If ``pretrained`` is set.
    """

    def __init__(self,
                 *args,
                 train_cfg: OptConfigType = None,
                 pretrained: Optional[str] = None,
                 **kwargs) -> None:
        if pretrained is not None:
            raise ValueError(
                f'model.pretrained must be None but is {pretrained!r}; set '
                'model.backbone.init_cfg.')
        super().__init__(*args, train_cfg=train_cfg, **kwargs)
