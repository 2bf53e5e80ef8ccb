from typing import Callable, Dict, Optional, Sequence, Tuple, Union

import torch
from mmengine.structures import PixelData
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from mmseg.utils import (ConfigType, OptConfigType, OptSampleList, SampleList,
                         add_prefix)
from torch import Tensor, nn

from ..pseudo_filters import PseudoLabels
from ..utils.call_recorder import record_output
from ..utils.head_capture import capture_head
from ..utils.heads import (detached, freeze_norm_parameters, main_decode_head,
                           redraw_weights)
from ..utils.inference_geometry import undo_test_geometry
from ..utils.logits import two_channel_logits
from ..utils.masks import stack_labels, stack_valid_masks
from ..utils.modes import batch_statistics, untracked_statistics
from ..utils.options import check_option
from ..utils.random_streams import random_numbers_apart
from .self_training import SelfTraining


@MODELS.register_module()
class ELN(SelfTraining):
    """Semi-supervised segmentation with an error localization network.

    A student learns from labelled images and from the teacher's predictions
    on unlabelled ones. A filter judges each predicted pixel, and only pixels
    judged right enter self-training and the pixel contrast. The stages are
    ``pretrain`` (labels only), ``localize`` (the filter learns from the
    errors of the student and of auxiliary decoders that are kept worse than
    it) and ``semi`` (all losses). Inference runs the student alone.

    The baselines of the paper are configs of this algorithm: self-training
    by confidence with ``pseudo_filter=dict(type='ConfidenceFilter')``, s-ECN
    with ``pseudo_filter=dict(type='ErrorCorrectionNetwork')``.

    Source: Kwon and Kwak, "Semi-supervised Semantic Segmentation with Error
    Localization Network", CVPR 2022, arXiv 2204.02078.

    Args:
        segmentor (dict): Config of any segmentor of MMSegmentation.
        pseudo_filter (dict): Config of the filter; ``num_classes``,
            ``image_channels``, ``align_corners`` and ``decision_threshold``
            are filled in from the segmentor where they are left out.
        aux_decoders (dict, optional): Config of
            :class:`ErrorSimulationDecoders`; ``type`` and ``decode_head``
            (that of the segmentor) are filled in. None for no decoders.
            Defaults to ``dict(alphas=(20., 50.))``.
        filter_samples (str): Train the filter on ``'all'`` predictions of a
            batch (the decoders' and the student's) or on ``'random_one'``.
            Defaults to 'all'.
        filter_cut_mix (dict, optional): Config of :class:`CutMix`, ``type``
            filled in: the filter learns as well from what the student
            predicts for the labelled images mixed by boxes, where it errs in
            whole regions as on images that it has no labels of. Costs a pass
            of the student without gradient, and needs two labelled images
            a rank: one alone stays as it is. Not of the article. Defaults
            to None.
        freeze_norm_affine (bool): Keep scale and shift of the normalisation
            layers of segmentor and auxiliary decoders out of training, as
            the official code does by accident. Defaults to False.
        localize_errors (bool or str): Let ``predict`` add ``pred_valid``,
            ``valid_score`` and ``pred_confidence`` to each sample, for
            :class:`ErrorLocalizationMetric`. ``'other_image'`` shows the
            filter each prediction beside the next image of the batch, which
            tells how much it reads from the image. Defaults to False.
        **kwargs: As of :class:`SelfTraining`; ``loss_weights`` has the terms
            ``supervised``, ``auxiliary``, ``localization``, ``pseudo`` and
            ``contrast``.

    Raises:
        ValueError: If an option has none of its values, or ``filter_cut_mix``
            is set for a filter that does not learn.
    """

    stage_names = ('pretrain', 'localize', 'semi')
    teacher_stages = ('semi', )
    loss_terms = ('supervised', 'auxiliary', 'localization', 'pseudo',
                  'contrast')

    def __init__(self,
                 segmentor: ConfigType,
                 pseudo_filter: ConfigType,
                 aux_decoders: OptConfigType = dict(alphas=(20., 50.)),
                 filter_samples: str = 'all',
                 filter_cut_mix: OptConfigType = None,
                 freeze_norm_affine: bool = False,
                 localize_errors: Union[bool, str] = False,
                 **kwargs) -> None:
        super().__init__(segmentor, **kwargs)
        check_option('filter_samples', filter_samples, ('all', 'random_one'))
        check_option('localize_errors', localize_errors,
                     (False, True, 'other_image'))
        self.filter_samples = filter_samples
        self.localize_errors = localize_errors
        self.filter_cut_mix: Optional[nn.Module] = None
        if filter_cut_mix is not None:
            self.filter_cut_mix = MODELS.build(
                dict(type='CutMix') | filter_cut_mix)
        self.error_simulation: Optional[bool] = None
        known = dict(
            num_classes=max(self.num_classes, 2),
            image_channels=self.segmentor_cfg['backbone'].get(
                'in_channels', 3),
            align_corners=self.align_corners)
        if self.decision_threshold is not None:
            known['decision_threshold'] = self.decision_threshold
        # the student of a seed is the same with any filter and decoders
        with random_numbers_apart():
            self.pseudo_filter = MODELS.build(known | pseudo_filter)
            self.aux_decoders = self._build_aux_decoders(aux_decoders)
        if filter_cut_mix is not None and not self.pseudo_filter.trainable:
            raise ValueError(
                'model.filter_cut_mix is for a filter that learns, but '
                f'model.pseudo_filter is {type(self.pseudo_filter).__name__}: '
                'set model.filter_cut_mix to None.')
        if freeze_norm_affine:
            freeze_norm_parameters(self.segmentor)
            freeze_norm_parameters(self.aux_decoders)

    def _build_aux_decoders(self, cfg: OptConfigType) -> nn.Module:
        cfg = dict(type='ErrorSimulationDecoders') | (cfg or dict(alphas=()))
        decode_head = cfg.get('decode_head')
        if decode_head is None:
            decode_head = self.segmentor_cfg['decode_head']
            cfg.setdefault('source', self.feature_source)
            if not isinstance(decode_head, dict) and cfg.get('alphas', (0., )):
                raise ValueError(
                    'model.aux_decoders.decode_head must be given where '
                    'model.segmentor.decode_head is a list of heads.')
        return MODELS.build(cfg | dict(decode_head=decode_head))

    def init_error_decoders(self) -> None:
        """Give each auxiliary decoder fresh weights of its own."""
        for decoder in self.aux_decoders:
            redraw_weights(decoder)

    def loss(self, inputs: Dict[str, Tensor],
             data_samples: Dict[str, SampleList]) -> Dict[str, Tensor]:
        """Losses of the current stage.

        Args:
            inputs (dict[str, Tensor]): ``labeled``, and in the stage
                ``semi`` ``unlabeled`` and the branches of ``student_views``.
            data_samples (dict[str, list[SegDataSample]]): Likewise.

        Returns:
            dict[str, Tensor]: Loss terms and figures to log.
        """
        self.check_stage()
        semi = self.stage == 'semi'
        views = ('unlabeled', *self.student_views) if semi else ()
        self.check_batch(inputs, ('labeled', *views))
        images, samples = inputs['labeled'], data_samples['labeled']

        losses, feats, logits = self.supervised_loss(images, samples)
        if self.stage != 'pretrain':
            losses.update(self.error_losses(images, samples, feats, logits))
        if semi:
            losses.update(self.unlabeled_losses(inputs, data_samples))
        return losses

    def supervised_loss(
        self, images: Tensor, samples: SampleList
    ) -> Tuple[Dict[str, Tensor], Sequence[Tensor], Tensor]:
        """The segmentor's own loss, its features and its main logits.

        One pass of the student serves all three.
        """
        head = main_decode_head(self.segmentor)
        with record_output(self.segmentor, 'extract_feat') as recorded, \
                capture_head(head, self.feature_source) as captured:
            losses = self.segmentor.loss(images, samples)
        losses = self.weighted(add_prefix(losses, 'labeled'), 'supervised')
        return losses, recorded.output, captured.logits

    def error_losses(self, images: Tensor, samples: SampleList,
                     feats: Sequence[Tensor],
                     logits: Tensor) -> Dict[str, Tensor]:
        """Losses of the auxiliary decoders and of the filter.

        Args:
            images (Tensor): Labelled images, (B, C, H, W).
            samples (list[SegDataSample]): Their samples.
            feats (Sequence[Tensor]): Features of the student.
            logits (Tensor): Its main logits, (B, num_classes, h, w).

        Returns:
            dict[str, Tensor]: The gradient of the first reaches the
            decoders only, that of the second the filter only.
        """
        head = main_decode_head(self.segmentor)
        labels = stack_labels(samples)
        logits = resize(
            logits.detach(),
            size=labels.shape[1:],
            mode='bilinear',
            align_corners=head.align_corners)
        predictions, losses = [logits], dict()
        if self._simulate_errors():
            aux_losses, aux_logits = self.aux_decoders.loss(
                feats, samples, labels, logits, self.train_cfg)
            losses.update(self.weighted(aux_losses, 'auxiliary'))
            predictions = [*aux_logits, logits]
        if not self.pseudo_filter.trainable:
            return losses

        valid = stack_valid_masks(samples)
        lessons = [(images, labels, valid, x) for x in predictions]
        if self.filter_cut_mix is not None:
            # ahead of the draw: every rank runs the student, whose
            # synchronised layers wait for each other
            lessons.append(self._mixed_lesson(images, labels, valid))
        if self.filter_samples == 'random_one':
            # drawn by the CPU's generator, so no wait for the device
            index = int(torch.randint(len(lessons), ()))
            lessons = [lessons[index]]
        for index, (seen, truth, valid, prediction) in enumerate(lessons):
            filter_losses = self.pseudo_filter.loss(
                seen,
                two_channel_logits(prediction),
                truth,
                valid,
                ignore_index=head.ignore_index)
            losses.update(
                self.weighted(
                    add_prefix(filter_losses, f'filter_{index}'),
                    'localization'))
        return losses

    @torch.no_grad()
    def _mixed_lesson(self, images: Tensor, labels: Tensor,
                      valid: Tensor) -> Tuple[Tensor, ...]:
        """Images mixed by boxes, their maps, and the student's logits."""
        mix = self.filter_cut_mix(images)
        images, labels, valid = mix(images), mix(labels), mix(valid)
        # inference never sees such images
        with untracked_statistics(self.segmentor):
            logits, _ = self.decode(self.segmentor, images)
        logits = resize(
            logits,
            size=labels.shape[1:],
            mode='bilinear',
            align_corners=self.align_corners)
        return images, labels, valid, logits

    def _simulate_errors(self) -> bool:
        if len(self.aux_decoders) == 0:
            return False
        if self.error_simulation is None:
            raise RuntimeError(
                'model.aux_decoders are switched by a hook that is missing: '
                "add error_simulation=dict(type='ErrorSimulationHook') to "
                'default_hooks, or set model.aux_decoders to None.')
        return self.error_simulation

    def bare_passes(
        self, inputs: Dict[str, Tensor], data_samples: Dict[str, SampleList]
    ) -> Dict[str, Callable[[], Optional[Tensor]]]:
        """See :meth:`BaseAlgorithm.bare_passes`; those of stage ``semi``."""
        images, samples = inputs['labeled'], data_samples['labeled']
        labels, valid = stack_labels(samples), stack_valid_masks(samples)
        with torch.no_grad():
            feats = detached(self.segmentor.extract_feat(images))
            logits = two_channel_logits(
                resize(
                    self.decode(self.segmentor, images)[0],
                    size=labels.shape[1:],
                    mode='bilinear',
                    align_corners=self.align_corners))

        def mixed_pass():
            with torch.no_grad():
                self.decode(self.segmentor, images)

        passes = dict(labeled_student=lambda: self.parse_losses(
            self.segmentor.loss(images, samples))[0])
        for index, decoder in enumerate(self.aux_decoders):
            passes[f'labeled_aux_decoder_{index}'] = (
                lambda decoder=decoder: self.parse_losses(
                    decoder.loss(feats, samples, self.train_cfg))[0])
        if self.pseudo_filter.trainable:
            lessons = len(self.aux_decoders) + 1
            if self.filter_cut_mix is not None:
                lessons += 1
                passes['labeled_mixed_student'] = mixed_pass
            for index in range(lessons):
                passes[f'labeled_filter_{index}'] = lambda: self.parse_losses(
                    self.pseudo_filter.loss(images, logits, labels, valid))[0]
        passes.update(self.unlabeled_passes(inputs, data_samples))
        return passes

    def select_pseudo_labels(self, images: Tensor,
                             logits: Tensor) -> PseudoLabels:
        """The filter's choice."""
        return self.pseudo_filter.select(images, logits)

    @property
    def selection_networks(self) -> Sequence[nn.Module]:
        """The filter."""
        return (self.pseudo_filter, )

    def predict(self,
                inputs: Tensor,
                data_samples: OptSampleList = None) -> SampleList:
        """Predict with the student; with ``localize_errors`` judge it too."""
        if not self.localize_errors:
            return super().predict(inputs, data_samples)
        with record_output(self.predictor, 'inference') as recorded:
            results = super().predict(inputs, data_samples)
        logits = two_channel_logits(recorded.output)
        if self.localize_errors == 'other_image':
            inputs = next_image_of_batch(inputs)
        # As it judges in training; what runs along there is of the auxiliary
        # decoders' predictions for the most part.
        with batch_statistics(self.pseudo_filter):
            keep, score = self.pseudo_filter.localize(inputs, logits)
        confidence = logits.float().softmax(dim=1).amax(dim=1)
        maps = torch.stack([keep.float(), score, confidence], dim=1)
        for sample, sample_maps in zip(results, maps):
            sample_maps = undo_test_geometry(sample_maps, sample)
            sample.pred_valid = PixelData(data=sample_maps[:1] > 0.5)
            sample.valid_score = PixelData(data=sample_maps[1:2])
            sample.pred_confidence = PixelData(data=sample_maps[2:])
        return results


def next_image_of_batch(images: Tensor) -> Tensor:
    """Give each place of the batch the image of the next one.

    Args:
        images (Tensor): (N, D, H, W), N at least 2.

    Returns:
        Tensor: The same images.

    Raises:
        ValueError: If there is one image only.
    """
    if len(images) == 1:
        raise ValueError(
            "model.localize_errors='other_image' needs at least two images "
            'in every batch, the last one too, but found one: change '
            'batch_size of val_dataloader or test_dataloader.')
    return images.roll(-1, dims=0)
