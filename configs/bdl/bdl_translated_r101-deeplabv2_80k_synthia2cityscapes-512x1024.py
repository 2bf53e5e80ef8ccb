# translated source images alone
_base_ = [
    '../adaptsegnet/source_only_r101-deeplabv2_150k_synthia2cityscapes-512x1024.py'
]
model = dict(segmentor=dict(auxiliary_head=None))
train_dataloader = dict(
    dataset=dict(
        source=dict(
            data_root='work_dirs/'
            'bdl_r101-deeplabv2_120k_synthia2cityscapes-512x1024/round0/'
            'translated')))
train_cfg = dict(max_iters=80000)
# translated images are smaller than the labels; both are resized alike
custom_hooks = [
    dict(type='LabelScanHook', check_sizes=False),
    dict(type='CheckFiniteLossHook'),
]
