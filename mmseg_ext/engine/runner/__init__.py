from .resumable_loop import ResumableIterBasedTrainLoop
from .source_target_val_loop import SourceTargetValLoop
from .teacher_student_val_loop import TeacherStudentValLoop

__all__ = [
    'ResumableIterBasedTrainLoop', 'SourceTargetValLoop',
    'TeacherStudentValLoop'
]
