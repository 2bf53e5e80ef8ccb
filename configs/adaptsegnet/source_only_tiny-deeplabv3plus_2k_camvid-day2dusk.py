# the source alone: what every other config of CamVid from day to dusk starts
# from. Make the lists with
# python tools/dataset_converters/camvid_day_to_dusk.py data/camvid
_base_ = [
    '../_base_/models/domain_adaptation_deeplabv3plus_tiny.py',
    '../_base_/datasets/camvid_day_to_dusk-180x240.py',
    '../_base_/schedules/adapt_camvid.py',
    '../_base_/default_runtime.py',
]
model = dict(
    segmentor=dict(
        decode_head=dict(num_classes=11), auxiliary_head=dict(num_classes=11)))
val_cfg = dict(
    type='SourceTargetValLoop',
    source_dataloader={{_base_.source_val_dataloader}})
# without labels of the target its entropy may choose a checkpoint
val_evaluator = [{{_base_.val_evaluator}}, dict(type='TargetEntropy')]
