# trained on the instance task alone, for the same number of iterations
_base_ = ['./oneformer_toystreet.py']
train_pipeline = _base_.train_pipeline
train_pipeline[-2].update(task_weights=dict(instance=1))
train_dataloader = dict(dataset=dict(dataset=dict(pipeline=train_pipeline)))
model = dict(test_cfg=dict(tasks=('instance', )))
val_evaluator = [_base_.val_evaluator[1]]
test_evaluator = val_evaluator
expected = dict(metric='coco/segm_mAP', value=0.082, tolerance=0.02, seed=0)
