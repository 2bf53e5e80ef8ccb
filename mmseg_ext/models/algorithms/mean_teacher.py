from contextlib import contextmanager
from typing import List, Optional, Sequence, Tuple

from mmseg.models import BaseSegmentor
from mmseg.registry import MODELS
from mmseg.utils import ConfigType
from torch import nn

from ..utils.ema import copy_state_
from ..utils.modes import eval_dropout
from ..utils.pretrained_configs import without_pretrained
from ..utils.pseudo_label_statistics import PseudoLabelStatistics
from .base import BaseAlgorithm


class MeanTeacher(BaseAlgorithm):
    """Base of methods whose teacher is a moving average of the student.

    The teacher is built from the student's config, never gets a gradient and
    is part of the checkpoint. :class:`EMATeacherHook` updates it after each
    optimiser step of the stages in :attr:`teacher_stages`; at the entry of
    the first of them it becomes a copy of the student.

    Modes: under ``train()`` the teacher is in train mode too when
    ``teacher_norm='batch'`` (its normalisation uses the statistics of the
    batch; :meth:`teacher_inference` switches dropout off), else in eval
    mode. No gradient flag changes with the mode.

    Args:
        segmentor (dict): Config of the segmentor.
        teacher_norm (str): ``'batch'`` or ``'running'``: what the teacher's
            batch normalisation uses while training. With ``'running'`` set
            ``buffers`` of :class:`EMATeacherHook` to ``'copy'`` or
            ``'average'``. Defaults to 'batch'.
        **kwargs: As of :class:`BaseAlgorithm`.

    Raises:
        ValueError: If ``teacher_norm`` is none of the two.
    """

    teacher_stages: Optional[Sequence[str]] = None
    """Stages that use the teacher in order, None if all do."""

    plain_prefixes = ('segmentor.', 'teacher.')

    def __init__(self,
                 segmentor: ConfigType,
                 teacher_norm: str = 'batch',
                 **kwargs) -> None:
        super().__init__(segmentor, **kwargs)
        if teacher_norm not in ('batch', 'running'):
            raise ValueError("model.teacher_norm must be 'batch' or "
                             f"'running' but is {teacher_norm!r}.")
        self.teacher_norm = teacher_norm
        self.teacher = MODELS.build(without_pretrained(self.segmentor_cfg))
        self.teacher.requires_grad_(False)
        self.pseudo_label_statistics = PseudoLabelStatistics(
            max(self.num_classes, 2))
        self.capture_pseudo_labels = False
        self.captured_pseudo_labels: Optional[dict] = None
        self._predict_on = 'student'

    def teacher_student_pairs(self) -> List[Tuple[nn.Module, nn.Module]]:
        """The (teacher, student) pairs that the EMA hook updates."""
        return [(self.teacher, self.segmentor)]

    @property
    def teacher_active(self) -> bool:
        """bool: whether the current stage uses the teacher."""
        return self.teacher_stages is None or self.stage in self.teacher_stages

    def enter_stage(self, name: str) -> None:
        """Start the teacher as a copy of the student."""
        super().enter_stage(name)
        if self.teacher_stages is not None and name == self.teacher_stages[0]:
            self.copy_student_to_teacher()

    def copy_student_to_teacher(self) -> None:
        """Copy parameters and buffers of every pair."""
        for teacher, student in self.teacher_student_pairs():
            copy_state_(teacher, student)

    def init_weights(self) -> None:
        """Initialise all, then let the teacher begin as the student."""
        super().init_weights()
        self.copy_student_to_teacher()

    def train(self, mode: bool = True) -> 'MeanTeacher':
        """Set the mode, the teacher's according to ``teacher_norm``."""
        super().train(mode)
        for teacher, _ in self.teacher_student_pairs():
            teacher.train(mode and self.teacher_norm == 'batch')
        return self

    @contextmanager
    def teacher_inference(self, *others: nn.Module):
        """Dropout and drop-path of the teacher (and others) switched off."""
        modules = [teacher for teacher, _ in self.teacher_student_pairs()]
        with eval_dropout(nn.ModuleList([*modules, *others])):
            yield

    @property
    def predictor(self) -> BaseSegmentor:
        """BaseSegmentor: the network that inference runs on."""
        return (self.teacher
                if self._predict_on == 'teacher' else self.segmentor)

    @contextmanager
    def predict_on(self, name: str):
        """Run inference on the student or on the teacher.

        Args:
            name (str): ``'student'`` or ``'teacher'``.
        """
        if name not in ('student', 'teacher'):
            raise ValueError("predict_on takes 'student' or 'teacher' but "
                             f'got {name!r}.')
        previous, self._predict_on = self._predict_on, name
        try:
            yield self
        finally:
            self._predict_on = previous
