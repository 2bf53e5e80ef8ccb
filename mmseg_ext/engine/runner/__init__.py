from .resumable_loop import ResumableIterBasedTrainLoop
from .teacher_student_val_loop import TeacherStudentValLoop

__all__ = ['ResumableIterBasedTrainLoop', 'TeacherStudentValLoop']
