# the first two stages of ELN; validation tells how well the filter finds the
# errors of the student in the images that have no labels for it
_base_ = ['./eln_toystreet.py']
model = dict(localize_errors=True)
unlabeled = dict(
    data_prefix=dict(
        img_path='images/train', seg_map_path='annotations/train'),
    ann_file={{_base_.train_dataloader.dataset.unlabeled.ann_file}})
val_dataloader = dict(dataset=unlabeled)
test_dataloader = val_dataloader
val_evaluator = dict(_delete_=True, type='ErrorLocalizationMetric')
test_evaluator = val_evaluator
train_cfg = dict(max_iters=1000, val_interval=1000)
default_hooks = dict(checkpoint=dict(interval=1000))
expected = dict(metric='student/error_f1', value=55.71, tolerance=3., seed=0)
