from contextlib import contextmanager
from typing import Iterator, Sequence, Tuple

import torch
from mmseg.models.decode_heads.da_head import CAM, PAM, DAHead
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import MODELS
from mmseg.utils import SampleList, add_prefix
from torch import Tensor, nn

from ..utils.attention import MODES, position_attention
from ..utils.logits import full_precision, without_autocast
from ..utils.options import check_option

_AFFINITIES = ('dissimilarity', 'similarity')


class EfficientPAM(PAM):
    """Position attention whose memory is linear in the number of pixels.

    Equations 1 and 2 of `Dual Attention Network for Scene Segmentation
    <https://arxiv.org/abs/1809.02983>`_. Weights are those of the stock
    :class:`PAM`.

    Args:
        in_channels (int): Channels of the features.
        channels (int): Channels of query and key.
        mode (str): See :func:`position_attention`. Defaults to 'auto'.
        query_block_size (int): Likewise. Defaults to 1024.
    """

    def __init__(self,
                 in_channels: int,
                 channels: int,
                 mode: str = 'auto',
                 query_block_size: int = 1024) -> None:
        super().__init__(in_channels, channels)
        self.mode = mode
        self.query_block_size = query_block_size

    def forward(self, x: Tensor) -> Tensor:
        """Features (N, C, H, W) with those of all positions mixed in."""
        query, key, value = (
            project(x).flatten(2).transpose(1, 2)
            for project in (self.query_project, self.key_project,
                            self.value_project))
        context = position_attention(query, key, value, self.mode,
                                     self.query_block_size)
        context = context.transpose(1, 2).reshape(x.shape)
        return self.gamma(context) + x


class EfficientCAM(CAM):
    """Channel attention in float32, also under autocast.

    Equations 3 and 4 of `Dual Attention Network for Scene Segmentation
    <https://arxiv.org/abs/1809.02983>`_. The sums over all pixels overflow
    in float16.

    Args:
        affinity (str): ``'dissimilarity'`` is the softmax of the negative
            products, as the authors' code and the stock :class:`CAM` have it;
            ``'similarity'`` of the products, as equation 3 has it. Defaults
            to 'dissimilarity'.
    """

    def __init__(self, affinity: str = 'dissimilarity') -> None:
        super().__init__()
        self.sign = -1 if affinity == 'dissimilarity' else 1

    def forward(self, x: Tensor) -> Tensor:
        """Features (N, C, H, W) with those of all channels mixed in."""
        flat = x.flatten(2)
        with without_autocast(x), _without_tf32():
            full = full_precision(flat)
            energy = full @ full.transpose(1, 2)
            attention = (self.sign * energy).softmax(dim=-1)
        context = (attention.to(flat) @ flat).view_as(x)
        return self.gamma(context) + x


@contextmanager
def _without_tf32() -> Iterator[None]:
    matmul = torch.backends.cuda.matmul
    # Kernels read the newer setting where there is one; the older cannot be
    # read once the newer is set.
    if hasattr(matmul, 'fp32_precision'):
        name, off = 'fp32_precision', 'ieee'
    else:  # torch < 2.9
        name, off = 'allow_tf32', False
    before = getattr(matmul, name)
    setattr(matmul, name, off)
    try:
        yield
    finally:
        setattr(matmul, name, before)


@MODELS.register_module()
class EfficientDAHead(DAHead):
    """DANet head with linear memory, a drop-in for the stock ``DAHead``.

    Same weights, same outputs: checkpoints load in both directions. The
    classifiers of the branches are run in training only. Of `Dual Attention
    Network for Scene Segmentation <https://arxiv.org/abs/1809.02983>`_.

    Args:
        pam_channels (int): Channels of query and key. Defaults to 64.
        position_attention (str): ``'auto'``, ``'sdpa'``, ``'query_blocks'``
            or ``'dense'``, see :func:`position_attention`. Defaults to
            'auto'.
        query_block_size (int): Queries of a block. Defaults to 1024.
        channel_affinity (str): See :class:`EfficientCAM`. Defaults to
            'dissimilarity'.
        branch_loss_weights (Sequence[float]): Weights of the losses of the
            sum, of the position and of the channel branch. Defaults to
            (1.0, 1.0, 1.0).
        with_pam (bool): Whether there is the position branch. With one branch
            alone there is one classifier and one loss. Defaults to True.
        with_cam (bool): Whether there is the channel branch. Defaults to
            True.
        **kwargs: As of ``BaseDecodeHead``.

    Raises:
        ValueError: If an option has none of its values, or both branches are
            left out.
    """

    def __init__(self,
                 pam_channels: int = 64,
                 position_attention: str = 'auto',
                 query_block_size: int = 1024,
                 channel_affinity: str = 'dissimilarity',
                 branch_loss_weights: Sequence[float] = (1.0, 1.0, 1.0),
                 with_pam: bool = True,
                 with_cam: bool = True,
                 **kwargs) -> None:
        check_option('decode_head.position_attention', position_attention,
                     MODES)
        check_option('decode_head.channel_affinity', channel_affinity,
                     _AFFINITIES)
        if query_block_size < 1 or pam_channels < 1:
            raise ValueError(
                'EfficientDAHead.query_block_size and pam_channels must be '
                f'>= 1 but are {query_block_size} and {pam_channels}.')
        if len(branch_loss_weights) != 3:
            raise ValueError(
                'EfficientDAHead.branch_loss_weights must be three numbers '
                f'(sum, position, channel) but is {branch_loss_weights}.')
        if not with_pam and not with_cam:
            raise ValueError('EfficientDAHead needs with_pam or with_cam.')
        super().__init__(pam_channels, **kwargs)
        self.branch_loss_weights = tuple(branch_loss_weights)
        self.branches = ['pam'] * with_pam + ['cam'] * with_cam
        self.pam = EfficientPAM(self.channels, pam_channels,
                                position_attention, query_block_size)
        self.cam = EfficientCAM(channel_affinity)
        for branch in ('pam', 'cam'):
            classifier = f'{branch}_conv_seg'
            if branch not in self.branches:
                for part in (branch, f'{branch}_in_conv',
                             f'{branch}_out_conv'):
                    delattr(self, part)
            if len(self.branches) == 1:
                delattr(self, classifier)
            elif self.out_channels != self.num_classes:
                # the stock head forgets that a binary head has one output
                setattr(self, classifier,
                        nn.Conv2d(self.channels, self.out_channels, 1))

    def forward(self, inputs: Sequence[Tensor]) -> Tuple[Tensor, ...]:
        """Logits of the sum and, in training, of each of two branches."""
        x = self._transform_inputs(inputs)
        feats = []
        for branch in self.branches:
            feat = getattr(self, f'{branch}_in_conv')(x)
            feat = getattr(self, branch)(feat)
            feats.append(getattr(self, f'{branch}_out_conv')(feat))
        outputs = (self.cls_seg(sum(feats)), )
        if self.training and len(feats) > 1:
            outputs += tuple(
                getattr(self, f'{branch}_cls_seg')(feat)
                for branch, feat in zip(self.branches, feats))
        return outputs

    def loss_by_feat(self, seg_logit: Tuple[Tensor, ...],
                     batch_data_samples: SampleList, **kwargs) -> dict:
        """Losses of whatever :meth:`forward` returned."""
        losses = {}
        for name, logits, weight in zip(('pam_cam', 'pam', 'cam'), seg_logit,
                                        self.branch_loss_weights):
            terms = BaseDecodeHead.loss_by_feat(self, logits,
                                                batch_data_samples)
            losses.update(
                add_prefix(
                    {
                        key: weight * value if 'loss' in key else value
                        for key, value in terms.items()
                    }, name))
        return losses
