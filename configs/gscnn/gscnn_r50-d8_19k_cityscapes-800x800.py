# the ablation of the paper, on eight GPUs with two images each
_base_ = [
    '../_base_/models/gscnn_r50-d8.py',
    '../_base_/datasets/cityscapes_800x800.py',
    '../_base_/schedules/sgd_gscnn_19k.py',
    '../_base_/default_runtime.py',
]
model = dict(data_preprocessor=dict(size=(800, 800)))
# the paper's distances, in pixels of 1024x2048
val_evaluator = [
    dict(type='IoUMetric', iou_metrics=['mIoU']),
    dict(type='BoundaryFScoreMetric', radii=(3, 5, 9, 12))
]
test_evaluator = val_evaluator
default_hooks = dict(
    shape_stream_visualization=dict(type='ShapeStreamVisualizationHook'))
auto_scale_lr = dict(enable=False, base_batch_size=16)
