import copy
from typing import Callable, Dict, List, Optional, Sequence, Tuple

import torch
from mmseg.registry import MODELS
from mmseg.utils import ConfigType, OptConfigType, SampleList
from torch import Tensor

from ..utils import incremental_targets as targets
from ..utils.head_capture import (capture_head, check_capturable,
                                  penultimate_channels)
from ..utils.heads import detached, flat_features, main_decode_head
from ..utils.image_space import to_loaded
from ..utils.incremental_batch import (IncrementalBatch, IncrementalOutputs,
                                       IncrementalTargets,
                                       check_incremental_samples,
                                       read_incremental_batch)
from ..utils.logits import without_autocast
from ..utils.options import check_option
from .class_incremental import ClassIncremental


@MODELS.register_module()
class WeaklyIncremental(ClassIncremental):
    """Learns further classes from labels of images, and keeps the old ones.

    A plug-in teacher on the student's encoder learns from masks of the new
    classes, which foundation models have made, and from the old model. Behind
    a warm-up, old model and teacher together teach the student. Inference
    runs the student alone. Of `Foundation Model Drives Weakly Incremental
    Learning for Semantic Segmentation <https://arxiv.org/abs/2302.14250>`_,
    on the protocol of `Incremental Learning in Semantic Segmentation from
    Image Labels <https://arxiv.org/abs/2112.01882>`_. The full text of the
    former was not at hand: where its equations are not published elsewhere,
    options say what is chosen.

    ``load_from`` names the checkpoint of the previous step, of the plain
    segmentor or of this algorithm: it becomes the old model, and the student
    begins as it, with rows for the new classes in its classifier. The old
    model is a part of the checkpoint.

    Batches are ordinary ones, whose samples have ``gt_pseudo_mask`` (unless
    ``co_segmentor`` is given), ``image_labels`` and, where objects were
    pasted, ``gt_paste_map``: :class:`PackIncrementalInputs` packs them. With
    ``old_image_labels`` the scores of old classes that an image does not show
    are 0, as those of new ones are always. All losses are taken on the grid
    of the student's logits.

    Stages: ``warmup`` trains the teacher (and the encoder by it) alone.
    Modes: the old model is in eval mode always; the teacher is in train mode
    for its own losses and in eval mode for what it teaches.

    Args:
        segmentor (dict): Config of the segmentor of all classes seen, whose
            head classifies pixels.
        num_old_classes (int): How many of its classes are old, background
            among them.
        teacher (dict, optional): Config of the plug-in decode head;
            ``num_classes`` is set here. None has the masks teach in its
            place. Defaults to None.
        projector (dict, optional): Config of the projector ahead of the
            contrast; ``in_channels`` is set here. Defaults to
            ``dict(type='PixelProjector')``.
        alpha (float): Weight of the hard label of new classes. Defaults to
            0.5.
        eta (float): Weight of the old model for old classes. Defaults to
            0.9.
        background (str): Target of background, see :func:`student_target`.
            Defaults to 'min'.
        paste_supervision (Sequence[str]): Who learns pasted objects,
            ``'teacher'`` and ``'student'``. Defaults to both.
        detach_teacher_input (bool): Keep the gradient of the teacher's losses
            from the encoder. Defaults to False.
        distill_old (bool): Whether there is an old model. False takes
            background everywhere for what it would say: fine-tuning.
            Defaults to True.
        init_new (str): Rows of new classes, see :func:`grow`. Defaults to
            'normal'.
        skip_unlocalised (bool): Leave out of the student's loss images with a
            new class that has no mask. Defaults to False.
        loss_student (dict): Defaults to
            ``dict(type='SoftTargetBCELoss', class_reduction='sum')``.
        loss_teacher (dict): Taken for new and for old classes. Defaults to
            ``dict(type='SoftTargetBCELoss', class_reduction='mean')``.
        loss_contrast (dict, optional): Defaults to
            ``dict(type='DenseContrastiveLoss')``.
        loss_feature (dict, optional): Between the features that the teacher
            reads and those of the old model. Defaults to
            ``dict(type='FeatureDistillationLoss')``.
        co_segmentor (dict, optional): Makes the masks in training, of the
            images as they are fed; slow. Defaults to None.
        **kwargs: As of :class:`BaseAlgorithm`.

    Raises:
        ValueError: If an option has none of its values, or the head does not
            classify pixels.
    """

    stage_names = ('warmup', 'distillation')

    def __init__(self,
                 segmentor: ConfigType,
                 num_old_classes: int,
                 teacher: OptConfigType = None,
                 projector: OptConfigType = dict(type='PixelProjector'),
                 alpha: float = 0.5,
                 eta: float = 0.9,
                 background: str = 'min',
                 paste_supervision: Sequence[str] = ('teacher', 'student'),
                 detach_teacher_input: bool = False,
                 distill_old: bool = True,
                 init_new: str = 'normal',
                 skip_unlocalised: bool = False,
                 loss_student: ConfigType = dict(type='SoftTargetBCELoss'),
                 loss_teacher: ConfigType = dict(
                     type='SoftTargetBCELoss', class_reduction='mean'),
                 loss_contrast: OptConfigType = dict(
                     type='DenseContrastiveLoss'),
                 loss_feature: OptConfigType = dict(
                     type='FeatureDistillationLoss'),
                 co_segmentor: OptConfigType = None,
                 **kwargs) -> None:
        check_option('background', background, ('min', 'average'))
        for name, value in dict(alpha=alpha, eta=eta).items():
            if not 0 <= value <= 1:
                raise ValueError(f'model.{name} must be in [0, 1] but is '
                                 f'{value}.')
        if set(paste_supervision) - {'teacher', 'student'}:
            raise ValueError("model.paste_supervision may have 'teacher' and "
                             f"'student' but is {list(paste_supervision)}.")
        super().__init__(segmentor, num_old_classes, distill_old, init_new,
                         **kwargs)
        self.alpha, self.eta, self.background = alpha, eta, background
        self.paste_supervision = tuple(paste_supervision)
        self.detach_teacher_input = detach_teacher_input
        self.skip_unlocalised = skip_unlocalised
        self.loss_student = MODELS.build(loss_student)
        self.teacher, self.projector = None, None
        self.loss_teacher, self.loss_contrast = None, None
        if teacher is not None:
            self._init_teacher(teacher, projector, loss_teacher, loss_contrast)
        self.loss_feature = None
        if loss_feature is not None and distill_old:
            self.loss_feature = MODELS.build(loss_feature)
        index = (self.teacher or main_decode_head(self.segmentor)).in_index
        self.feature_index = [index] if isinstance(index, int) else list(index)
        # in a list: it is no part of the checkpoint
        self._co_segmentor = []
        if co_segmentor is not None:
            self._co_segmentor.append(MODELS.build(co_segmentor))
        self.class_names: Optional[List[str]] = None
        self.capture_targets = False
        self.captured_targets: Optional[Dict[str, Tensor]] = None

    def _init_teacher(self, teacher: ConfigType, projector: ConfigType,
                      loss_teacher: ConfigType,
                      loss_contrast: OptConfigType) -> None:
        teacher = copy.deepcopy(teacher)
        teacher['num_classes'] = self.num_old + self.num_new
        self.teacher = MODELS.build(teacher)
        check_capturable(self.teacher)
        self.loss_teacher = MODELS.build(loss_teacher)
        if loss_contrast is not None:
            channels = penultimate_channels(self.teacher)
            self.projector = MODELS.build(
                dict(projector, in_channels=channels))
            self.loss_contrast = MODELS.build(loss_contrast)

    # -- training ---------------------------------------------------------

    def loss(self, inputs: Tensor,
             data_samples: SampleList) -> Dict[str, Tensor]:
        """Losses of one batch.

        Args:
            inputs (Tensor): Images, (N, 3, H, W).
            data_samples (list[SegDataSample]): Their samples.

        Returns:
            dict[str, Tensor]: ``loss_student`` behind the warm-up,
            ``loss_teacher_new``, ``loss_teacher_old``, and those of contrast
            and features as configured.
        """
        self.check_stage()
        # ahead of the student, whose activations stay: less memory at most
        old = self._ask_old_model(inputs)
        feats = self.segmentor.extract_feat(inputs)
        # ahead of its own pass, which moves the teacher's statistics
        taught = self._teacher_scores(feats)
        outputs = self._forward_trained(feats)
        made = self._make_targets(inputs, data_samples, outputs, old, taught)
        if self.capture_targets:
            self._capture(inputs, outputs, made)
        return self._losses(outputs, made)

    @property
    def distilling(self) -> bool:
        """bool: whether the student learns."""
        return self.stage == 'distillation' or self.teacher is None

    def _compared(self, feats: Sequence[Tensor]) -> List[Tensor]:
        """Of the features those that the teacher reads."""
        if isinstance(feats, Tensor):  # some backbones, while in eval mode
            feats = [feats]
        return flat_features([feats[i] for i in self.feature_index])

    def _ask_old_model(
            self,
            inputs: Tensor) -> Tuple[Optional[Tensor], Optional[List[Tensor]]]:
        """Scores of the old model and the features that the loss compares."""
        if self.previous is None:
            return None, None
        scores, feats = self.old_scores(inputs)
        return scores, self._compared(feats) if self.loss_feature else None

    def _background_scores(self, masks: Tensor) -> Tensor:
        """Background everywhere: stands for an old model that there is not."""
        scores = masks.new_zeros(len(masks), self.num_old, *masks.shape[2:])
        scores[:, 0] = 1
        return scores

    @torch.no_grad()
    def _teacher_scores(self, feats: Sequence[Tensor]) -> Optional[Tensor]:
        """What the teacher teaches: without dropout or batch statistics."""
        if self.teacher is None or not self.distilling:
            return None
        mode = self.teacher.training
        self.teacher.eval()
        try:
            with capture_head(self.teacher) as captured:
                self.teacher.forward(detached(feats))
        finally:
            self.teacher.train(mode)
        # older torch keeps the weights as they were cast here, without graph,
        # for the pass that trains them
        torch.clear_autocast_cache()
        return captured.logits.float().sigmoid()

    def _forward_trained(self, feats: Sequence[Tensor]) -> IncrementalOutputs:
        """Run the heads of the student, and the teacher for its own losses."""
        logits = own = embedding = None
        auxiliary = []
        if self.distilling:
            logits, auxiliary = self.student_logits(feats)
        if self.teacher is not None:
            read = feats
            if self.detach_teacher_input:
                read = detached(feats)
            with capture_head(self.teacher) as captured:
                self.teacher.forward(read)
            own = captured.logits
            if self.projector is not None:
                embedding = self.projector(captured.features)
        return IncrementalOutputs(feats, logits, auxiliary, own, embedding)

    def read_batch(self, inputs: Tensor, data_samples: SampleList,
                   size: Sequence[int]) -> IncrementalBatch:
        """Masks, labels and pasted classes on the grid of the logits.

        Args:
            inputs (Tensor): Images, (N, 3, H, W).
            data_samples (list[SegDataSample]): Their samples.
            size (Sequence[int]): Height and width of the grid.

        Returns:
            IncrementalBatch: What they tell.

        Raises:
            ValueError: If samples lack what is needed.
        """
        check_incremental_samples(data_samples,
                                  type(self).__name__, not self._co_segmentor)
        bits = None
        if self._co_segmentor:
            bits = self._co_segment(inputs, data_samples)
        return read_incremental_batch(inputs, data_samples, size, self.num_old,
                                      self.num_new, bits)

    def _co_segment(self, inputs: Tensor, data_samples: SampleList) -> Tensor:
        """Bits of masks that are made now, void on padding."""
        co_segmentor = self._co_segmentor[0].to(inputs.device)
        if self.class_names is None:
            raise ValueError('model.co_segmentor needs the names of the '
                             "classes: add dict(type='ClassIncrementalHook') "
                             'to default_hooks.')
        co_segmentor.set_old_classes(self.class_names[1:self.num_old])
        bits = torch.full((len(inputs), *inputs.shape[2:]),
                          targets.IGNORED,
                          dtype=torch.int32,
                          device=inputs.device)
        seeds = torch.randint(2**31, (len(inputs), )).tolist()
        # as the tool makes them
        with without_autocast(inputs):
            images = to_loaded(inputs.float(), self.data_preprocessor)
            for i, sample in enumerate(data_samples):
                height, width = sample.get('img_shape', inputs.shape[2:])[:2]
                names = [self.class_names[c] for c in sample.image_labels]
                bits[i, :height, :width] = co_segmentor.bits(
                    images[i, :, :height, :width], names, seeds[i],
                    (height, width))
        return bits

    def _make_targets(self, inputs: Tensor, data_samples: SampleList,
                      outputs: IncrementalOutputs, old: Tuple,
                      taught: Optional[Tensor]) -> IncrementalTargets:
        """Turn old model, masks and teacher into what is learnt."""
        grid = outputs.student if self.distilling else outputs.teacher
        batch = self.read_batch(inputs, data_samples, grid.shape[2:])
        old_scores, old_feats = old
        if old_scores is None:
            old_scores = self._background_scores(batch.masks)
        old_scores = self.to_grid(old_scores, grid.shape[2:])
        if batch.old_shown is not None:
            old_scores = old_scores * batch.old_shown
        teacher_old = contrast = student = weight = None
        if self.teacher is not None:
            pasted = batch.pasted
            if 'teacher' not in self.paste_supervision:
                pasted = torch.zeros_like(pasted)
            teacher_old = targets.old_class_target(old_scores, batch.masks)
            teacher_old = targets.paste_one_hot(teacher_old, pasted)
            if self.loss_contrast is not None:
                contrast = targets.contrast_labels(old_scores, batch.masks,
                                                   pasted, batch.valid)
        if self.distilling:
            student, weight = self._student_target(old_scores, taught, batch)
        return IncrementalTargets(batch, old_scores, old_feats, teacher_old,
                                  contrast, student, weight)

    def _student_target(self, old_scores: Tensor, taught: Optional[Tensor],
                        batch: IncrementalBatch) -> Tuple[Tensor, Tensor]:
        """Target of the student and weight of its pixels."""
        if taught is None:
            taught = torch.cat([
                targets.old_class_target(old_scores, batch.masks), batch.masks
            ], 1)
        taught = self.to_grid(taught, batch.masks.shape[2:])
        target = targets.student_target(old_scores, taught, batch.shown,
                                        self.alpha, self.eta, self.background)
        if 'student' in self.paste_supervision:
            target = targets.paste_one_hot(target, batch.pasted)
        weight = batch.valid
        if self.skip_unlocalised:
            found = (batch.masks > 0.5).flatten(2).any(2)
            kept = (found | (batch.shown.flatten(1) == 0)).all(1)
            weight = weight * kept[:, None, None, None]
        return target, weight

    def _losses(self, outputs: IncrementalOutputs,
                made: IncrementalTargets) -> Dict[str, Tensor]:
        losses = {}
        size, valid = made.batch.masks.shape[2:], made.batch.valid
        if self.teacher is not None:
            logits = self.to_grid(outputs.teacher, size)
            losses['loss_teacher_new'] = self.loss_teacher(
                logits[:, self.num_old:], made.batch.masks, valid)
            losses['loss_teacher_old'] = self.loss_teacher(
                logits[:, :self.num_old], made.teacher_old, valid)
        if made.contrast is not None:
            losses[self.loss_contrast.loss_name] = self.loss_contrast(
                self.to_grid(outputs.embedding, size), made.contrast,
                self.num_old + self.num_new, self.num_old)
        if self.distilling:
            losses['loss_student'] = self.loss_student(outputs.student,
                                                       made.student,
                                                       made.weight)
            for i, (aside, factor) in enumerate(outputs.auxiliary):
                losses[f'aux_{i}.loss_student'] = factor * self.loss_student(
                    self.to_grid(aside, size), made.student, made.weight)
        if self.loss_feature is not None:
            losses[self.loss_feature.loss_name] = self.loss_feature(
                self._compared(outputs.feats), made.old_feats)
        return losses

    def _capture(self, inputs: Tensor, outputs: IncrementalOutputs,
                 made: IncrementalTargets) -> None:
        share, new = made.batch.masks.max(1)
        masks = torch.where(share > 0.5, new + self.num_old, targets.IGNORED)
        own, target = outputs.teacher, made.student
        pasted = made.batch.pasted
        self.captured_targets = dict(
            image=inputs,
            masks=masks,
            old=made.old_scores.argmax(1),
            teacher=None if own is None else own.detach().argmax(1),
            target=None if target is None else target.argmax(1),
            pasted=pasted.masked_fill(pasted == 0, targets.IGNORED))

    def bare_passes(
            self, inputs: Tensor, data_samples: SampleList
    ) -> Dict[str, Callable[[], Optional[Tensor]]]:
        """See :meth:`BaseAlgorithm.bare_passes`."""
        with torch.no_grad():
            feats = self.segmentor.extract_feat(inputs)
            made = self._make_targets(inputs, data_samples,
                                      self._forward_trained(feats),
                                      self._ask_old_model(inputs),
                                      self._teacher_scores(feats))

        def train():
            feats = self.segmentor.extract_feat(inputs)
            losses = self._losses(self._forward_trained(feats), made)
            return self.parse_losses(losses)[0]

        def run_old_model():
            self._ask_old_model(inputs)

        def run_teacher():
            self._teacher_scores(feats)

        passes = {'segmentor and teacher': train}
        if self.previous is not None:
            passes['old model'] = run_old_model
        if self.teacher is not None and self.distilling:
            passes['teacher in eval mode'] = run_teacher
        return passes
