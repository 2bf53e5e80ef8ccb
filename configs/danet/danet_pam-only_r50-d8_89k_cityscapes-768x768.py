# ablation: the position branch alone, at the rate of models with one loss
_base_ = ['./danet_r50-d8_89k_cityscapes-768x768.py']
model = dict(decode_head=dict(with_cam=False))
optim_wrapper = dict(optimizer=dict(lr=0.01))
