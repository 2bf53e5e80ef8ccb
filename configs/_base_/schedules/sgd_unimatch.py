# SGD with momentum as UniMatch (arXiv 2208.09910) trains; its lengths are in
# epochs of the unlabelled images and stand in the config of each split
_base_ = ['./iteration_runtime.py']
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.001, momentum=0.9, weight_decay=1e-4))
val_cfg = dict(type='TeacherStudentValLoop')
default_hooks = dict(
    # the protocol reports the best of all epochs; report the last as well
    checkpoint=dict(save_best='student/mIoU', rule='greater'),
    error_simulation=dict(type='ErrorSimulationHook'),
    # the running statistics of the teacher's norm layers are the student's,
    # averaged as its parameters are
    ema_teacher=dict(type='EMATeacherHook', momentum=0.995, buffers='average'),
    pseudo_label=dict(type='PseudoLabelHook', interval=1000))
# 2 + 2 images on each of four GPUs
auto_scale_lr = dict(enable=False, base_batch_size=16)
