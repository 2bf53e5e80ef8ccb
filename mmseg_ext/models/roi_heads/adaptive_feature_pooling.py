from typing import Optional, Tuple

import torch
from mmdet.models.roi_heads.roi_extractors import BaseRoIExtractor
from mmdet.registry import MODELS
from torch import Tensor


@MODELS.register_module()
class AdaptiveFeaturePooling(BaseRoIExtractor):
    """Pools every RoI from every level.

    The levels stay apart: the head behind it gives each a first layer of its
    own and fuses what comes out. No RoI is assigned to a level by its size.
    Of `Path Aggregation Network <https://arxiv.org/abs/1803.01534>`_, section
    3.2.

    Args:
        roi_layer (dict): Type and arguments of the RoI layer.
        out_channels (int): Channels of the levels.
        featmap_strides (list[int]): Strides of the levels.
        init_cfg (dict or list[dict], optional): Defaults to None.
    """

    def forward(self,
                feats: Tuple[Tensor],
                rois: Tensor,
                roi_scale_factor: Optional[float] = None) -> Tensor:
        """Pool the RoIs.

        Args:
            feats (tuple[Tensor]): The L levels, (B, C, H_i, W_i).
            rois (Tensor): Image index and corners in pixels, (R, 5).
            roi_scale_factor (float, optional): Enlarges the RoIs. Defaults to
                None.

        Returns:
            Tensor: (R, L, C, h, w), of the type of the levels.
        """
        if roi_scale_factor is not None:
            rois = self.roi_rescale(rois, roi_scale_factor)
        pooled = [
            self._pool(layer, feat, rois)
            for layer, feat in zip(self.roi_layers, feats)
        ]
        # In this order in memory, so that a level alone is contiguous.
        return torch.stack(pooled).transpose(0, 1)

    @staticmethod
    def _pool(layer, feat: Tensor, rois: Tensor) -> Tensor:
        if rois.shape[0] == 0:
            # Compiled kernels want a RoI; a slice stays in the graph.
            height, width = layer.output_size
            return feat[:0, :, :1, :1].expand(-1, -1, height, width)
        # Half precision would round corners to whole pixels.
        dtype = torch.promote_types(feat.dtype, torch.float32)
        with torch.autocast(feat.device.type, enabled=False):
            return layer(feat.to(dtype), rois.to(dtype)).to(feat.dtype)
