# on one GPU: the gradients of eight batches make a step
_base_ = ['./panet_sum-fusion_r50_syncbn_ms-2x_coco.py']
optim_wrapper = dict(accumulative_counts=8)
# the warm-up is counted in batches
param_scheduler = _base_.param_scheduler
param_scheduler[0].end = 8 * param_scheduler[0].end
auto_scale_lr = dict(base_batch_size=2)
