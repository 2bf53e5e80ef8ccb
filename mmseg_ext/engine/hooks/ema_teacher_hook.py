from typing import List, Optional

from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmseg.registry import HOOKS

from ...models.utils.ema import BUFFER_POLICIES, ModuleTwins, copy_state_
from ..utils import unwrap_model


@HOOKS.register_module()
class EMATeacherHook(Hook):
    r"""Move every teacher of the algorithm towards its student.

    After each optimiser step, while ``algorithm.teacher_active``, each
    (teacher, student) pair of ``algorithm.teacher_student_pairs()`` is
    updated by

    .. math:: \theta' \leftarrow m\,\theta' + (1 - m)\,\theta

    "Mean teachers are better role models", NeurIPS 2017, arXiv 1703.01780,
    eq. 2. The update is one fused multi-tensor call and never waits for the
    device. With gradient accumulation it happens once per optimiser step, not
    once per iteration. The first copy of the student into the teacher belongs
    to the algorithm (``enter_stage``).

    Args:
        momentum (float): :math:`m` in [0, 1]. Defaults to 0.995.
        buffers (str): ``keep``: the teacher's buffers are updated by its own
            forward passes alone, which a teacher with
            ``teacher_norm='running'`` does not do. ``copy``: they are the
            student's. ``average``: floating point buffers are averaged as
            parameters are, the others copied. Defaults to ``keep``.
        student_sync_interval (int, optional): If given, the student is
            overwritten by its teacher (parameters and buffers) every this
            many iterations, counted from the first iteration of the stage,
            that one excluded. Optimiser state is kept. Defaults to None.

    Raises:
        ValueError: If an argument is out of range, a teacher and its student
            differ in structure, or ``buffers='keep'`` would freeze the
            running statistics that the teacher uses.
        TypeError: If the algorithm has no teacher.
    """

    priority = 'NORMAL'

    def __init__(self,
                 momentum: float = 0.995,
                 buffers: str = 'keep',
                 student_sync_interval: Optional[int] = None) -> None:
        if not 0 <= momentum <= 1:
            raise ValueError(f'EMATeacherHook.momentum is {momentum}: '
                             'expected a number in [0, 1].')
        if buffers not in BUFFER_POLICIES:
            raise ValueError(f'EMATeacherHook.buffers is {buffers!r}: '
                             f'expected one of {BUFFER_POLICIES}.')
        if student_sync_interval is not None and student_sync_interval < 1:
            raise ValueError(
                'EMATeacherHook.student_sync_interval is '
                f'{student_sync_interval}: expected an integer >= 1 or None.')
        self.momentum = momentum
        self.buffers = buffers
        self.student_sync_interval = student_sync_interval
        self._twins: List[ModuleTwins] = []

    def before_train(self, runner) -> None:
        """Match the tensors of all pairs once."""
        algorithm = unwrap_model(runner.model)
        if not hasattr(algorithm, 'teacher_student_pairs'):
            raise TypeError(
                'EMATeacherHook needs an algorithm with a teacher, but model '
                f'is {type(algorithm).__name__}: remove the hook from '
                'default_hooks or use a MeanTeacher algorithm.')
        pairs = algorithm.teacher_student_pairs()
        if (self.buffers == 'keep'
                and getattr(algorithm, 'teacher_norm', None) == 'running'
                and any(
                    name.endswith('running_mean') for teacher, _ in pairs
                    for name, _ in teacher.named_buffers())):
            raise ValueError(
                "model.teacher_norm is 'running', but EMATeacherHook.buffers "
                "is 'keep', so that the teacher's running statistics would "
                "never change: expected buffers='average' or 'copy'.")
        self._twins = [
            ModuleTwins(teacher, student) for teacher, student in pairs
        ]

    def before_train_iter(self,
                          runner,
                          batch_idx: int,
                          data_batch=None) -> None:
        """Overwrite the student where the interval asks for it."""
        algorithm = unwrap_model(runner.model)
        if self.student_sync_interval is None or not algorithm.teacher_active:
            return
        since = runner.iter - runner.message_hub.get_info('stage_begin', 0)
        if since > 0 and since % self.student_sync_interval == 0:
            for teacher, student in algorithm.teacher_student_pairs():
                copy_state_(student, teacher)
            print_log(
                f'Student overwritten by its teacher at iteration '
                f'{runner.iter}.',
                logger='current')

    def after_train_iter(self,
                         runner,
                         batch_idx: int,
                         data_batch=None,
                         outputs=None) -> None:
        """Update the teachers if the optimiser has just stepped."""
        # The wrapper has counted this iteration already, so that
        # ``should_update`` tells whether the step was made.
        if (unwrap_model(runner.model).teacher_active
                and runner.optim_wrapper.should_update()):
            for twins in self._twins:
                twins.lerp_(1 - self.momentum, self.buffers)
