# ablation: a level of noise for each image, uniform in [0.2, 0.3]
_base_ = ['./ddep_pretrain_transunet_500k_imagenet21k-224x224.py']
model = dict(noise=dict(sigma=(0.2, 0.3)))
