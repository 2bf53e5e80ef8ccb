# ablation: the clean image is predicted
_base_ = ['./ddep_pretrain_transunet_500k_imagenet21k-224x224.py']
model = dict(target='image')
