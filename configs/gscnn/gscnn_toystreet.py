_base_ = [
    '../_base_/models/gscnn_tiny.py',
    '../_base_/datasets/toystreet.py',
    '../_base_/schedules/adamw_toystreet.py',
    '../_base_/default_runtime.py',
]
train_dataloader = dict(batch_size=4)
auto_scale_lr = dict(base_batch_size=4)
val_evaluator = [
    dict(type='IoUMetric', iou_metrics=['mIoU']),
    dict(type='BoundaryFScoreMetric', radii=(1, 2, 3))
]
test_evaluator = val_evaluator
default_hooks = dict(
    shape_stream_visualization=dict(type='ShapeStreamVisualizationHook'))
expected = dict(metric='mIoU', value=72.04, tolerance=2., seed=0)
