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
from ..utils.class_balance import inverse_acceptance
from ..utils.cut_mix import CutMix, unmixed
from ..utils.head_capture import (capture_head, check_capturable,
                                  penultimate_channels)
from ..utils.heads import forward_decode_head, main_decode_head
from ..utils.logits import decided_class, two_channel_logits
from ..utils.masks import resize_nearest, stack_valid_masks
from ..utils.options import check_option, check_views
from .mean_teacher import MeanTeacher


class SelfTraining(MeanTeacher):
    """Base of methods that learn from the teacher's pseudo labels.

    The teacher predicts on the weak view of the unlabelled images, a subclass
    says which pixels to keep (:meth:`select_pseudo_labels`), and the student
    learns from the kept ones by cross entropy and by a pixel contrast.

    With ``cut_mix`` each strong view is mixed by boxes of its own, and
    pseudo labels, kept pixels, padding and the teacher's embeddings with it,
    so that each pixel still meets what the teacher made of it. Teacher and
    filter see the weak view unmixed.

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
            learns from: ``'unlabeled'``, the weak view, and any number of
            strong ones, whose names begin with ``'unlabeled_strong'``.
            Defaults to ('unlabeled_strong', 'unlabeled').
        cut_mix (dict, optional): Config of :class:`CutMix`, ``type`` filled
            in, for the strong views. None does not mix. Defaults to None.
        pseudo_norm (str): Divide the pseudo loss by the number of
            ``'accepted'`` pixels or of all ``'valid'`` ones (not padding).
            Defaults to 'accepted'.
        pseudo_class_weight (float, optional): Weight a kept pixel of the
            pseudo loss by the share of its class that is kept, in the batch
            of a rank: :math:`w_c = N_c / K_c` of the pixels labelled c and
            those of them that are kept, at most this number. What is kept
            then has the classes of what is predicted: filters and thresholds
            keep less of rare classes, which the student would unlearn. None
            weights all alike. Defaults to None.
        pseudo_score_weight (bool): Weight every pixel of the pseudo loss
            that is not padding by the filter's score, the probability that
            it is right, times the teacher's confidence, rather than keep it
            or not; the contrast takes the kept ones as ever. Not of any
            article. Defaults to False.
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
                 cut_mix: OptConfigType = None,
                 pseudo_norm: str = 'accepted',
                 pseudo_class_weight: Optional[float] = None,
                 pseudo_score_weight: bool = False,
                 pseudo_at: str = 'feature',
                 feature_source: str = 'cls_seg',
                 feature_channels: Optional[int] = None,
                 **kwargs) -> None:
        super().__init__(segmentor, **kwargs)
        check_option('pseudo_norm', pseudo_norm, ('accepted', 'valid'))
        check_option('pseudo_at', pseudo_at, ('feature', 'image'))
        check_views(student_views, cut_mix is not None)
        for term in loss_weights or ():
            check_option('loss_weights', term, self.loss_terms)
        self.loss_weights = dict.fromkeys(self.loss_terms, 1.)
        self.loss_weights.update(loss_weights or {})
        self.student_views = tuple(student_views)
        self.cut_mix: Optional[CutMix] = None
        if cut_mix is not None:
            self.cut_mix = MODELS.build(dict(type='CutMix') | cut_mix)
        self.pseudo_norm = pseudo_norm
        if pseudo_class_weight is not None and pseudo_class_weight < 1:
            raise ValueError('model.pseudo_class_weight is the largest weight '
                             'of a class, 1 or more, but is '
                             f'{pseudo_class_weight}.')
        self.pseudo_class_weight = pseudo_class_weight
        self.pseudo_score_weight = pseudo_score_weight
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
            embedding = None
            if self.loss_contrast is not None:
                embedding = self.teacher_projector(teacher_feats)
        valid = resize_nearest(
            stack_valid_masks(data_samples['unlabeled']),
            pseudo.labels.shape[1:])
        keep = pseudo.keep & valid
        confidence = logits.float().softmax(1).amax(1)
        weight = keep
        if self.pseudo_score_weight:
            weight = valid * pseudo.score * confidence
        self.pseudo_label_statistics.update(pseudo.labels, keep, confidence,
                                            valid)
        num_valid = valid.sum().clamp(min=1)
        losses = dict(
            accept_ratio=keep.sum() / num_valid,
            teacher_confidence=(confidence * valid).sum() / num_valid)

        for view in self.student_views:
            mix = self._mixing(view, images)
            view_images = mix(inputs[view])
            terms, logits = self.student_losses(
                view_images, mix(pseudo.labels), mix(keep), mix(weight),
                mix(valid), None if embedding is None else mix(embedding))
            losses.update(add_prefix(terms, view))
            if self.capture_pseudo_labels and view == self._shown_view:
                strong = view_images
                if view == 'unlabeled':
                    strong = inputs.get('unlabeled_strong', images)
                self.captured_pseudo_labels = dict(
                    image=mix(images),
                    strong_image=strong,
                    pseudo_label=mix(pseudo.labels),
                    keep_mask=mix(keep),
                    confidence=mix(confidence),
                    error_score=mix(1 - pseudo.score),
                    student_prediction=decided_class(logits,
                                                     self.decision_threshold),
                    valid_mask=mix(valid))
        return losses

    def student_losses(
            self, images: Tensor, labels: Tensor, keep: Tensor, weight: Tensor,
            valid: Tensor,
            embedding: Optional[Tensor]) -> Tuple[Dict[str, Tensor], Tensor]:
        """What the student learns from one view.

        Args:
            images (Tensor): The view, (U, C, H, W).
            labels (Tensor): Pseudo labels, (U, h, w).
            keep (Tensor): Accepted pixels, bool (U, h, w).
            weight (Tensor): What each counts in the pseudo loss, (U, h, w):
                the accepted pixels, or weights of all.
            valid (Tensor): Pixels that are not padding, bool (U, h, w).
            embedding (Tensor, optional): Of the teacher, on the grid of the
                features; None without a contrast.

        Returns:
            tuple[dict, Tensor]: The weighted losses, and the student's logits
            on the grid of the labels.
        """
        logits, feats = self.decode(self.segmentor, images)
        logits = self._at_pseudo_size(logits, images)
        terms = dict(
            loss_pseudo=self.pseudo_loss(logits, labels, weight, valid) *
            self.loss_weights['pseudo'])
        if self.loss_contrast is not None:
            grid = feats.shape[2:]
            terms[self.loss_contrast.loss_name] = self.loss_contrast(
                self.projector(feats), embedding, resize_nearest(labels, grid),
                resize_nearest(keep, grid)) * self.loss_weights['contrast']
        return terms, logits

    def _mixing(self, view: str, images: Tensor) -> Callable[[Tensor], Tensor]:
        """How the images of a view and all that belongs to them are mixed."""
        if self.cut_mix is None or view == 'unlabeled':
            return unmixed
        return self.cut_mix(images)

    @property
    def _shown_view(self) -> str:
        """The view on sheets: a mixed one where there is one."""
        strong = [view for view in self.student_views if view != 'unlabeled']
        return self.student_views[-1] if self.cut_mix is None else strong[0]

    def unlabeled_passes(
        self, inputs: Dict[str, Tensor], data_samples: Dict[str, SampleList]
    ) -> Dict[str, Callable[[], Optional[Tensor]]]:
        """The part of :meth:`bare_passes` on unlabelled images."""
        images = inputs['unlabeled']
        with torch.no_grad():
            logits, feats = self.decode(self.teacher, images)
            logits = self._at_pseudo_size(logits, images)
            pseudo = self.select_pseudo_labels(images, logits)
            keys = None
            if self.loss_contrast is not None:
                keys = self.teacher_projector(feats)

        def teacher_pass():
            with torch.no_grad():
                self.decode(self.teacher, images)

        def filter_pass():
            with torch.no_grad():
                self.select_pseudo_labels(images, logits)

        def student_pass(view):
            losses, _ = self.student_losses(inputs[view], pseudo.labels,
                                            pseudo.keep, pseudo.keep,
                                            pseudo.keep, keys)
            return self.parse_losses(losses)[0]

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
            keep (Tensor): Accepted pixels, bool (U, h, w), or their weights.
            valid (Tensor): Pixels that are not padding, bool (U, h, w).

        Returns:
            Tensor: Scalar; zero and connected to the graph when no pixel is
            accepted.
        """
        per_pixel = F.cross_entropy(logits.float(), labels, reduction='none')
        counted = keep if self.pseudo_norm == 'accepted' else valid
        if self.pseudo_class_weight is None:
            return (per_pixel * keep).sum() / counted.sum().clamp(min=1)
        weight = keep * inverse_acceptance(
            labels, keep, valid, logits.shape[1], self.pseudo_class_weight)
        if self.pseudo_norm == 'accepted':
            counted = weight
        return (per_pixel * weight).sum() / counted.sum().clamp(min=1)

    def decode(self, segmentor: nn.Module,
               images: Tensor) -> Tuple[Tensor, Tensor]:
        """Main logits and penultimate features on the grid of the head."""
        feats = segmentor.extract_feat(images)
        with capture_head(main_decode_head(segmentor),
                          self.feature_source) as captured:
            forward_decode_head(segmentor, feats)
        return captured.logits, captured.features

    def _at_pseudo_size(self, logits: Tensor, images: Tensor) -> Tensor:
        logits = two_channel_logits(logits)
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
