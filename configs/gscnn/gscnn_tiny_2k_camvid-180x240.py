# CamVid at half resolution with all 367 labels, for two CPU cores
_base_ = [
    '../_base_/models/gscnn_tiny.py',
    '../_base_/datasets/camvid-180x240.py',
    '../_base_/schedules/adamw_camvid.py',
    '../_base_/default_runtime.py',
]
model = dict(decode_head=dict(num_classes=11))
train_dataloader = dict(batch_size=4)
val_evaluator = [
    dict(type='IoUMetric', iou_metrics=['mIoU']),
    dict(type='BoundaryFScoreMetric', radii=(1, 2, 3))
]
test_evaluator = val_evaluator
default_hooks = dict(
    shape_stream_visualization=dict(type='ShapeStreamVisualizationHook'))
auto_scale_lr = dict(base_batch_size=4)
