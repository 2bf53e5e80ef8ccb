# on one GPU: the gradients of eight batches make a step
_base_ = ['./panet-box_2fc_r50_gn_1x_coco_official.py']
optim_wrapper = dict(accumulative_counts=8)
# the warm-up is counted in batches
param_scheduler = _base_.param_scheduler
param_scheduler[0].end = 8 * param_scheduler[0].end
auto_scale_lr = dict(base_batch_size=2)
