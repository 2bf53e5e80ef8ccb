from typing import List, Sequence, Tuple

import torch
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from mmseg.utils import ConfigType
from torch import Tensor, nn

from ..utils.classifier_growth import (INITIALISATIONS, adopt_previous_step,
                                       with_num_classes)
from ..utils.head_capture import capture_head, check_capturable
from ..utils.heads import forward_decode_head, main_decode_head
from ..utils.mask_classification import classifies_masks
from ..utils.options import check_option
from ..utils.pretrained_configs import without_pretrained
from .base import BaseAlgorithm


class ClassIncremental(BaseAlgorithm):
    """A segmentor of all classes beside the old model, of fewer classes.

    ``load_from`` names the checkpoint of the previous step, of the plain
    segmentor or of an algorithm of this class: it becomes the old model, and
    the student begins as it, with rows for the new classes in its classifier.
    The old model is a part of the checkpoint and in eval mode always.

    Args:
        segmentor (dict): Config of the segmentor of all classes seen, whose
            head classifies pixels.
        num_old_classes (int): How many of its classes are old, background
            among them.
        distill_old (bool): Whether there is an old model. Defaults to True.
        init_new (str): Rows of new classes, see :func:`grow`. Defaults to
            'normal'.
        **kwargs: As of :class:`BaseAlgorithm`.

    Raises:
        ValueError: If ``init_new`` has none of its values, the head does not
            classify pixels, or an auxiliary one has other classes.
    """

    def __init__(self,
                 segmentor: ConfigType,
                 num_old_classes: int,
                 distill_old: bool = True,
                 init_new: str = 'normal',
                 **kwargs) -> None:
        check_option('init_new', init_new, INITIALISATIONS)
        super().__init__(segmentor, **kwargs)
        head = main_decode_head(self.segmentor)
        if classifies_masks(head):
            raise ValueError(
                f'model.segmentor.decode_head is a {type(head).__name__}, '
                'which classifies masks and has no classifier of pixels to '
                'grow: use a head that classifies pixels.')
        check_capturable(head)
        if not 1 <= num_old_classes < head.out_channels:
            raise ValueError(
                f'model.num_old_classes is {num_old_classes}, but the '
                f'segmentor has {head.out_channels} classes in all: expected '
                'is a number from 1 on below it.')
        self._check_auxiliary_heads(head.out_channels)
        self.num_old = num_old_classes
        self.num_new = head.out_channels - num_old_classes
        self.init_new = init_new
        self.previous = self._build_previous() if distill_old else None
        self.has_previous = False
        self._register_load_state_dict_pre_hook(
            adopt_previous_step, with_module=True)

    def _check_auxiliary_heads(self, channels: int) -> None:
        if not self.segmentor.with_auxiliary_head:
            return
        heads = self.segmentor.auxiliary_head
        for head in heads if isinstance(heads, nn.ModuleList) else [heads]:
            if head.out_channels != channels:
                raise ValueError(
                    'model.segmentor.auxiliary_head has a '
                    f'{type(head).__name__} of {head.out_channels} channels, '
                    f'but all are trained on the {channels} classes of '
                    'decode_head: leave it out.')

    def _build_previous(self) -> nn.Module:
        cfg = with_num_classes(
            without_pretrained(self.segmentor_cfg),
            self.num_old + self.num_new, self.num_old)
        previous = MODELS.build(cfg)
        return previous.requires_grad_(False).eval()

    def train(self, mode: bool = True) -> 'ClassIncremental':
        """Set the mode; the old model stays in eval mode."""
        super().train(mode)
        if self.previous is not None:
            self.previous.eval()
        return self

    def student_logits(self, feats: Sequence[Tensor]) -> Tuple[Tensor, List]:
        """Predict with the student's heads.

        Args:
            feats (Sequence[Tensor]): Features of its encoder.

        Returns:
            tuple[Tensor, list]: Logits (N, K, h, w) of the main head, and of
            each auxiliary one with the weight of its loss.
        """
        with capture_head(self.segmentor.decode_head) as captured:
            forward_decode_head(self.segmentor, feats)
        auxiliary = []
        if self.segmentor.with_auxiliary_head:
            heads = self.segmentor.auxiliary_head
            for head in heads if isinstance(heads, nn.ModuleList) else [heads]:
                terms = head.loss_decode
                if not isinstance(terms, nn.ModuleList):
                    terms = [terms]
                weight = sum(getattr(x, 'loss_weight', 1.) for x in terms)
                with capture_head(head) as aside:
                    head.forward(feats)
                auxiliary.append((aside.logits, weight))
        return captured.logits, auxiliary

    @torch.no_grad()
    def old_scores(self, inputs: Tensor) -> Tuple[Tensor, List[Tensor]]:
        """Ask the old model.

        Args:
            inputs (Tensor): Images, (N, 3, H, W).

        Returns:
            tuple[Tensor, list[Tensor]]: Its scores in [0, 1], float32
            (N, K_o, h, w), and the features of its encoder.
        """
        feats = self.previous.extract_feat(inputs)
        with capture_head(self.previous.decode_head) as captured:
            forward_decode_head(self.previous, feats)
        return captured.logits.float().sigmoid(), feats

    def to_grid(self, maps: Tensor, size: Sequence[int]) -> Tensor:
        """Resize maps unless they have the size, as the main head would."""
        if maps.shape[2:] == tuple(size):
            return maps
        return resize(
            maps,
            size=tuple(size),
            mode='bilinear',
            align_corners=self.align_corners)
