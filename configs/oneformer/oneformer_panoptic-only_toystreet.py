# trained on the panoptic task alone, for the same number of iterations
_base_ = ['./oneformer_toystreet.py']
train_pipeline = _base_.train_pipeline
train_pipeline[-2].update(task_weights=dict(panoptic=1))
train_dataloader = dict(dataset=dict(dataset=dict(pipeline=train_pipeline)))
model = dict(test_cfg=dict(tasks=('panoptic', )))
val_evaluator = [_base_.val_evaluator[0]]
test_evaluator = val_evaluator
expected = dict(metric='coco_panoptic/PQ', value=43.12, tolerance=3., seed=0)
