# the best model of the paper: 230 epochs, on eight GPUs with two images each.
# It starts from ImageNet weights, which have no public address:
#   --cfg-options model.backbone.pretrained=FILE
_base_ = [
    '../_base_/models/gscnn_wrn38-d8.py',
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
param_scheduler = [
    dict(
        type='PolyLR',
        power=1.0,
        eta_min=0,
        begin=0,
        # a PolyLR makes end - begin - 1 steps
        end=42781,
        by_epoch=False)
]
train_cfg = dict(max_iters=42780, val_interval=1860)
auto_scale_lr = dict(enable=False, base_batch_size=16)
