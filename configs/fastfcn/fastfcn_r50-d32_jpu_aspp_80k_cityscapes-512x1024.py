# not in the paper: the recipe of the stock configs, four GPUs with two images
# each
_base_ = [
    '../_base_/models/fastfcn_r50-d32_jpu_aspp_undilated.py',
    'mmseg::_base_/datasets/cityscapes.py',
    'mmseg::_base_/schedules/schedule_80k.py',
    '../_base_/default_runtime.py',
]
model = dict(data_preprocessor=dict(size=(512, 1024)))
auto_scale_lr = dict(enable=False, base_batch_size=8)
