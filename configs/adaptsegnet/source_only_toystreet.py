# the source alone: what every other config of ToyStreet starts from
_base_ = [
    '../_base_/models/domain_adaptation_deeplabv3plus_tiny.py',
    '../_base_/datasets/toystreet_day_to_dusk-96x128.py',
    '../_base_/schedules/adapt_toystreet.py',
    '../_base_/default_runtime.py',
]
val_cfg = dict(
    type='SourceTargetValLoop',
    source_dataloader={{_base_.source_val_dataloader}})
# without labels of the target its entropy may choose a checkpoint
val_evaluator = [{{_base_.val_evaluator}}, dict(type='TargetEntropy')]
expected = dict(metric='mIoU', value=38.72, tolerance=2., seed=0)
