from abc import abstractmethod
from functools import partial
from typing import Callable, Dict, List, Optional, Sequence, Tuple

import torch
import torch.nn.functional as F
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from mmseg.utils import ConfigType, OptConfigType, SampleList, add_prefix
from torch import Tensor, nn

from ..pseudo_filters import PseudoLabels
from ..utils.head_capture import (capture_head, check_capturable,
                                  penultimate_channels)
from ..utils.heads import forward_decode_head, main_decode_head
from ..utils.logits import two_channel_logits
from ..utils.masks import resize_nearest, stack_valid_masks
from .mean_teacher import MeanTeacher


class SelfTraining(MeanTeacher):
    """Base of methods that learn from the teacher's pseudo labels.

    The teacher predicts on the weak view of the unlabelled images, a subclass
    says which pixels to keep (:meth:`select_pseudo_labels`), and the student
    learns from the kept ones by cross entropy and by a pixel contrast.

    Shapes: unlabelled images (U, C, H, W), the same geometry in both views;
    logits, pseudo labels and masks on the grid (h, w) of the decode head.

    Args:
        segmentor (dict): Config of any segmentor of MMSegmentation.
        projector (dict, optional): Config of the projector of the contrast,
            ``in_channels`` filled in. Defaults to
            ``dict(type='PixelProjector', out_channels=128)``.
        loss_contrast (dict, optional): Config of the contrast; None leaves
            it and the projector out. Defaults to
            ``dict(type='PixelContrastLoss')``.
        loss_weights (dict, optional): Factors of the terms of the loss, of
            :attr:`loss_terms`; those left out are 1. Defaults to None.
        student_views (Sequence[str]): Unlabelled branches that the student
            learns from. Defaults to ('unlabeled_strong', 'unlabeled').
        pseudo_norm (str): Divide the pseudo loss by the number of
            ``'accepted'`` pixels or of all ``'valid'`` ones (not padding).
            Defaults to 'accepted'.
        pseudo_at (str): Make pseudo labels on the grid of the head
            (``'feature'``) or at the size of the image (``'image'``).
            Defaults to 'feature'.
        feature_source (str): Where the contrast's features come from, see
            :func:`capture_head`. Defaults to 'cls_seg'.
        feature_channels (int, optional): Channels of these features, needed
            where ``feature_source`` is a module path. Defaults to None.
        **kwargs: As of :class:`MeanTeacher`.

    Raises:
        ValueError: If an option has none of its values, or the segmentor's
            decode head does not show its features (see ``feature_source``).
    """

    loss_terms: Sequence[str] = ('supervised', 'pseudo', 'contrast')

    def __init__(self,
                 segmentor: ConfigType,
                 projector: OptConfigType = dict(
                     type='PixelProjector', out_channels=128),
                 loss_contrast: OptConfigType = dict(type='PixelContrastLoss'),
                 loss_weights: Optional[Dict[str, float]] = None,
                 student_views: Sequence[str] = ('unlabeled_strong',
                                                 'unlabeled'),
                 pseudo_norm: str = 'accepted',
                 pseudo_at: str = 'feature',
                 feature_source: str = 'cls_seg',
                 feature_channels: Optional[int] = None,
                 **kwargs) -> None:
        super().__init__(segmentor, **kwargs)
        check_option('pseudo_norm', pseudo_norm, ('accepted', 'valid'))
        check_option('pseudo_at', pseudo_at, ('feature', 'image'))
        for view in student_views:
            check_option('student_views', view,
                         ('unlabeled_strong', 'unlabeled'))
        for term in loss_weights or ():
            check_option('loss_weights', term, self.loss_terms)
        self.loss_weights = dict.fromkeys(self.loss_terms, 1.)
        self.loss_weights.update(loss_weights or {})
        self.student_views = tuple(student_views)
        self.pseudo_norm = pseudo_norm
        self.pseudo_at = pseudo_at
        self.feature_source = feature_source

        head = main_decode_head(self.segmentor)
        check_capturable(head, feature_source)
        self.loss_contrast = None
        if loss_contrast is not None:
            if feature_channels is None:
                feature_channels = penultimate_channels(head, feature_source)
            projector = dict(in_channels=feature_channels) | projector
            self.loss_contrast = MODELS.build(loss_contrast)
            self.projector = MODELS.build(projector)
            self.teacher_projector = MODELS.build(projector)
            self.teacher_projector.requires_grad_(False)

    @abstractmethod
    def select_pseudo_labels(self, images: Tensor,
                             logits: Tensor) -> PseudoLabels:
        """Pseudo labels of the weak view and which of them to keep.

        Args:
            images (Tensor): Weak views, (U, C, H, W).
            logits (Tensor): Of the teacher, (U, num_classes, h, w), with two
                channels where the head has one.

        Returns:
            PseudoLabels: On the grid of the logits.
        """

    @property
    def selection_networks(self) -> Sequence[nn.Module]:
        """Networks that :meth:`select_pseudo_labels` runs without dropout."""
        return ()

    def teacher_student_pairs(self) -> List[Tuple[nn.Module, nn.Module]]:
        """The segmentors, and the projectors where there is a contrast."""
        pairs = super().teacher_student_pairs()
        if self.loss_contrast is not None:
            pairs.append((self.teacher_projector, self.projector))
        return pairs

    def unlabeled_losses(
            self, inputs: Dict[str, Tensor],
            data_samples: Dict[str, SampleList]) -> Dict[str, Tensor]:
        """Masked self-training and pixel contrast on unlabelled images.

        Args:
            inputs (dict[str, Tensor]): ``unlabeled`` and the branches of
                ``student_views``.
            data_samples (dict[str, list[SegDataSample]]): Likewise.

        Returns:
            dict[str, Tensor]: Losses of each view, and the share of accepted
            pixels (``accept_ratio``) and the mean ``teacher_confidence``.
        """
        images = inputs['unlabeled']
        with torch.no_grad(), self.teacher_inference(*self.selection_networks):
            logits, teacher_feats = self.decode(self.teacher, images)
            logits = self._at_pseudo_size(logits, images)
            pseudo = self.select_pseudo_labels(images, logits)
            if self.loss_contrast is not None:
                teacher_embedding = self.teacher_projector(teacher_feats)
        valid = resize_nearest(
            stack_valid_masks(data_samples['unlabeled']),
            pseudo.labels.shape[1:])
        keep = pseudo.keep & valid
        confidence = logits.float().softmax(1).amax(1)
        self.pseudo_label_statistics.update(pseudo.labels, keep, confidence,
                                            valid)
        num_valid = valid.sum().clamp(min=1)
        losses = dict(
            accept_ratio=keep.sum() / num_valid,
            teacher_confidence=(confidence * valid).sum() / num_valid)

        student_labels = None
        for view in self.student_views:
            logits, feats = self.decode(self.segmentor, inputs[view])
            logits = self._at_pseudo_size(logits, images)
            student_labels = logits.detach().argmax(1)
            terms = dict(
                loss_pseudo=self.pseudo_loss(logits, pseudo.labels, keep,
                                             valid) *
                self.loss_weights['pseudo'])
            if self.loss_contrast is not None:
                grid = feats.shape[2:]
                terms[self.loss_contrast.loss_name] = self.loss_contrast(
                    self.projector(feats), teacher_embedding,
                    resize_nearest(pseudo.labels, grid),
                    resize_nearest(keep, grid)) * self.loss_weights['contrast']
            losses.update(add_prefix(terms, view))
        if self.capture_pseudo_labels:
            self.captured_pseudo_labels = dict(
                image=images,
                strong_image=inputs.get('unlabeled_strong', images),
                pseudo_label=pseudo.labels,
                keep_mask=keep,
                confidence=confidence,
                error_score=1 - pseudo.score,
                student_prediction=student_labels,
                valid_mask=valid)
        return losses

    def unlabeled_passes(
        self, inputs: Dict[str, Tensor], data_samples: Dict[str, SampleList]
    ) -> Dict[str, Callable[[], Optional[Tensor]]]:
        """The part of :meth:`bare_passes` on unlabelled images."""
        images = inputs['unlabeled']
        with torch.no_grad():
            logits, feats = self.decode(self.teacher, images)
            logits = self._at_pseudo_size(logits, images)
            pseudo = self.select_pseudo_labels(images, logits)
            keep = pseudo.keep
            if self.loss_contrast is not None:
                keys = self.teacher_projector(feats)

        def teacher_pass():
            with torch.no_grad():
                self.decode(self.teacher, images)

        def filter_pass():
            with torch.no_grad():
                self.select_pseudo_labels(images, logits)

        def student_pass(view):
            logits, feats = self.decode(self.segmentor, inputs[view])
            logits = self._at_pseudo_size(logits, images)
            loss = self.pseudo_loss(logits, pseudo.labels, keep, keep)
            if self.loss_contrast is not None:
                grid = feats.shape[2:]
                loss = loss + self.loss_contrast(
                    self.projector(feats), keys,
                    resize_nearest(pseudo.labels, grid),
                    resize_nearest(keep, grid))
            return loss

        passes = dict(unlabeled_teacher=teacher_pass)
        passes['unlabeled_filter'] = filter_pass
        for view in self.student_views:
            passes[f'{view}_student'] = partial(student_pass, view)
        return passes

    def pseudo_loss(self, logits: Tensor, labels: Tensor, keep: Tensor,
                    valid: Tensor) -> Tensor:
        """Cross entropy with the kept pseudo labels, in float32.

        Args:
            logits (Tensor): Of the student, (U, num_classes, h, w).
            labels (Tensor): Pseudo labels, (U, h, w).
            keep (Tensor): Accepted pixels, bool (U, h, w).
            valid (Tensor): Pixels that are not padding, bool (U, h, w).

        Returns:
            Tensor: Scalar; zero and connected to the graph when no pixel is
            accepted.
        """
        per_pixel = F.cross_entropy(logits.float(), labels, reduction='none')
        counted = keep if self.pseudo_norm == 'accepted' else valid
        return (per_pixel * keep).sum() / counted.sum().clamp(min=1)

    def decode(self, segmentor: nn.Module,
               images: Tensor) -> Tuple[Tensor, Tensor]:
        """Main logits and penultimate features on the grid of the head."""
        feats = segmentor.extract_feat(images)
        with capture_head(main_decode_head(segmentor),
                          self.feature_source) as captured:
            forward_decode_head(segmentor, feats)
        return captured.logits, captured.features

    def class_logits(self, logits: Tensor) -> Tensor:
        """Logits whose argmax is the head's decision, binary heads too."""
        head = main_decode_head(self.segmentor)
        return two_channel_logits(logits, head.threshold)

    def _at_pseudo_size(self, logits: Tensor, images: Tensor) -> Tensor:
        logits = self.class_logits(logits)
        if self.pseudo_at == 'feature':
            return logits
        return resize(
            logits,
            size=tuple(images.shape[2:]),
            mode='bilinear',
            align_corners=self.align_corners)

    def weighted(self, losses: Dict[str, Tensor],
                 term: str) -> Dict[str, Tensor]:
        """Multiply the losses, not the other figures, by a term's factor."""
        weight = self.loss_weights[term]
        return {
            name: value * weight if 'loss' in name else value
            for name, value in losses.items()
        }


def total(losses: Dict[str, Tensor]) -> Tensor:
    """Sum of the losses in a dict that holds other figures too."""
    return sum(value for name, value in losses.items() if 'loss' in name)


def check_option(name: str, value: str, options: Sequence[str]) -> None:
    """Raise unless a config field has one of its values."""
    if value not in options:
        raise ValueError(
            f'model.{name} must be one of {list(options)} but is {value!r}.')
