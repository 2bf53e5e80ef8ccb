# four GPUs with four images each
_base_ = [
    '../_base_/models/fastfcn_r50-d32_jpu_enc_undilated.py',
    '../_base_/datasets/ade20k-480x480.py',
    '../_base_/schedules/sgd_fastfcn_152k.py',
    '../_base_/default_runtime.py',
]
crop_size = (480, 480)
model = dict(
    data_preprocessor=dict(
        size=crop_size,
        test_cfg=dict(size=crop_size),
        # about black, which is -2.1, -2.0 and -1.8
        pad_val=-2),
    decode_head=dict(num_classes=150),
    auxiliary_head=dict(num_classes=150),
    test_cfg=dict(mode='slide', crop_size=crop_size, stride=(320, 320)))
train_dataloader = dict(batch_size=4)
