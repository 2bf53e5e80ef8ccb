# four GPUs with four images each
_base_ = [
    '../_base_/models/fastfcn_r50-d32_jpu_psp_undilated.py',
    'mmseg::_base_/datasets/pascal_context_59.py',
    '../_base_/schedules/sgd_fastfcn_25k.py',
    '../_base_/default_runtime.py',
]
crop_size = (480, 480)
model = dict(
    data_preprocessor=dict(size=crop_size),
    decode_head=dict(num_classes=59),
    auxiliary_head=dict(num_classes=59))
train_dataloader = dict(batch_size=4)
