# ELN in the protocol of UniMatch: VOC 2012 with 92 labels of high quality,
# four GPUs, two labelled and two unlabelled crops each
_base_ = [
    '../_base_/models/eln_deeplabv3plus_dense_r50-os16_unimatch.py',
    '../_base_/datasets/voc12hq_semi_unimatch-321x321.py',
    '../_base_/schedules/sgd_unimatch.py',
    '../_base_/default_runtime.py',
]
# the other networks exist, but not every stage gives them a gradient
find_unused_parameters = True
model = dict(
    segmentor=dict(
        pretrained='open-mmlab://resnet101_v1c', backbone=dict(depth=101)))
optim_wrapper = dict(
    paramwise_cfg=dict(
        # all but the backbones
        custom_keys=dict(
            decode_head=dict(lr_mult=10.),
            aux_decoders=dict(lr_mult=10.),
            projector=dict(lr_mult=10.))))
# 10,490 unlabelled images, eight a step
epoch_iters = 1311
train_cfg = dict(max_iters=80 * epoch_iters, val_interval=epoch_iters)
param_scheduler = [
    dict(type='PolyLR', power=0.9, by_epoch=False, end=80 * epoch_iters)
]
default_hooks = dict(
    checkpoint=dict(interval=epoch_iters),
    # the shares of the training that the stages have in the paper of ELN
    stage=dict(
        type='StageHook',
        stages=[
            dict(name='pretrain', iters=11 * epoch_iters),
            dict(name='localize', iters=8 * epoch_iters),
            dict(name='semi')
        ]))
