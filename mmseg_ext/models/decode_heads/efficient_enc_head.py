from mmcv.cnn import ConvModule
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.models.decode_heads.enc_head import EncHead
from mmseg.models.utils import Encoding
from mmseg.registry import MODELS
from mmseg.utils import SampleList
from torch import Tensor

from ..utils.logits import full_precision, without_autocast


class EfficientEncoding(Encoding):
    """Encoding layer without the residuals of all pixels to all code words.

    With :math:`|x - c|^2 = |x|^2 - 2 x c + |c|^2` and
    :math:`\\sum_i a_{ik} (x_i - c_k) = (A^T X)_k - (\\sum_i a_{ik}) c_k` it is
    the stock layer but for rounding. Computed in float32, since the first
    identity cancels. Of `Context Encoding for Semantic Segmentation
    <https://arxiv.org/abs/1803.08904>`_.

    Args:
        channels (int): Channels D of the features.
        num_codes (int): Number K of code words.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Encode features (N, D, H, W) into (N, K, D)."""
        with without_autocast(x):
            x = full_precision(x).flatten(2).transpose(1, 2)
            codewords = self.codewords.to(x)
            distance = (
                x.square().sum(2, keepdim=True) - 2 * x @ codewords.T +
                codewords.square().sum(1))
            weights = (self.scale.to(x) * distance).softmax(dim=2)
            return (weights.transpose(1, 2) @ x -
                    weights.sum(1)[..., None] * codewords)


@MODELS.register_module()
class EfficientEncHead(EncHead):
    """EncNet head with linear memory, a drop-in for the stock ``EncHead``.

    Checkpoints load in both directions unless ``bottleneck_kernel_size`` is
    changed. The presence of the classes is found in one call for the batch,
    and the head also trains without the semantic encoding loss. Of `Context
    Encoding for Semantic Segmentation <https://arxiv.org/abs/1803.08904>`_.

    Args:
        bottleneck_kernel_size (int): Kernel of the first convolution.
            FastFCN takes 1 behind JPU. Defaults to 3.
        **kwargs: As of ``EncHead``.

    Raises:
        ValueError: If the kernel size is not odd.
    """

    def __init__(self, bottleneck_kernel_size: int = 3, **kwargs) -> None:
        super().__init__(**kwargs)
        if bottleneck_kernel_size < 1 or bottleneck_kernel_size % 2 == 0:
            raise ValueError(
                'EfficientEncHead.bottleneck_kernel_size must be an odd '
                f'number but is {bottleneck_kernel_size}.')
        if bottleneck_kernel_size != 3:
            self.bottleneck = ConvModule(
                self.in_channels[-1],
                self.channels,
                bottleneck_kernel_size,
                padding=bottleneck_kernel_size // 2,
                conv_cfg=self.conv_cfg,
                norm_cfg=self.norm_cfg,
                act_cfg=self.act_cfg)
        self.enc_module.encoding[0] = EfficientEncoding(
            self.channels, self.num_codes)

    def _present_classes(self, seg_label: Tensor) -> Tensor:
        """Which classes each label map (N, H, W) shows, (N, num_classes)."""
        labels = seg_label.flatten(1)
        void = ((labels == self.ignore_index) | (labels < 0) |
                (labels >= self.num_classes))
        present = labels.new_zeros(len(labels), self.num_classes + 1)
        present.scatter_(1, labels.masked_fill(void, self.num_classes), 1)
        return present[:, :-1]

    def loss_by_feat(self, seg_logit, batch_data_samples: SampleList,
                     **kwargs) -> dict:
        """Losses of the segmentation and of the presence of classes."""
        if not self.use_se_loss:
            return BaseDecodeHead.loss_by_feat(self, seg_logit,
                                               batch_data_samples)
        seg_logit, se_logit = seg_logit
        losses = BaseDecodeHead.loss_by_feat(self, seg_logit,
                                             batch_data_samples)
        present = self._present_classes(
            self._stack_batch_gt(batch_data_samples).squeeze(1))
        losses['loss_se'] = self.loss_se_decode(se_logit, present)
        return losses
