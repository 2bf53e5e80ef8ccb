# 20k iterations on the source, then 20k of adaptation, for FCNs in the Wild,
# whose own settings are not known. A method with adversaries takes
# adversarial_sgd_2x20k.py.
_base_ = ['./adapt_runtime.py']
optim_wrapper = dict(
    optimizer=dict(
        segmentor=dict(type='SGD', lr=1e-4, momentum=0.9, weight_decay=5e-4)))
param_scheduler = [
    dict(
        type='PolyLR',
        power=0.9,
        eta_min=0,
        by_epoch=False,
        begin=0,
        end=40001)
]
train_cfg = dict(max_iters=40000, val_interval=2000)
default_hooks = dict(
    checkpoint=dict(interval=2000),
    stage=dict(
        type='StageHook',
        stages=[dict(name='source', iters=20000),
                dict(name='adapt')]),
    domain_adaptation_visualization=dict(interval=2000))
# one image of each domain on one GPU
auto_scale_lr = dict(enable=False, base_batch_size=2)
