# ELN in the protocol of UniMatch: Cityscapes with 1/8 of the labels, four
# GPUs, two labelled and two unlabelled crops each
_base_ = [
    '../_base_/models/eln_deeplabv3plus_dense_r50-os16_unimatch.py',
    '../_base_/datasets/cityscapes_semi_unimatch-801x801.py',
    '../_base_/schedules/sgd_unimatch.py',
    '../_base_/default_runtime.py',
]
# the other networks exist, but not every stage gives them a gradient
find_unused_parameters = True
model = dict(
    segmentor=dict(
        decode_head=dict(
            num_classes=19,
            loss_decode=dict(
                _delete_=True,
                type='OHEMCrossEntropyLoss',
                thresh=0.7,
                min_kept=200000)),
        # windows at the border are shifted into the image, and logits are
        # averaged; UniMatch cuts these windows and averages probabilities
        test_cfg=dict(mode='slide', crop_size=(801, 801), stride=(534, 534))))
optim_wrapper = dict(optimizer=dict(lr=0.005))
# 2,603 unlabelled images, eight a step
epoch_iters = 325
train_cfg = dict(max_iters=240 * epoch_iters, val_interval=10 * epoch_iters)
param_scheduler = [
    dict(type='PolyLR', power=0.9, by_epoch=False, end=240 * epoch_iters)
]
default_hooks = dict(
    checkpoint=dict(interval=10 * epoch_iters),
    # the shares of the training that the stages have in the paper of ELN
    stage=dict(
        type='StageHook',
        stages=[
            dict(name='pretrain', iters=48 * epoch_iters),
            dict(name='localize', iters=28 * epoch_iters),
            dict(name='semi')
        ]))
