# ablation: levels in [0.2, 0.3], of which the decoder is told
_base_ = ['./ddep_pretrain_transunet_500k_imagenet21k-224x224.py']
model = dict(noise=dict(sigma=(0.2, 0.3)), condition=dict())
