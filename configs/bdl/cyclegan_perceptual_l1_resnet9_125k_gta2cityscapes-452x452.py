# the perceptual loss of the paper: L1 distance of the logits as they are
_base_ = ['./cyclegan_perceptual_resnet9_125k_gta2cityscapes-452x452.py']
model = dict(perceptual=dict(distance='l1', instance_norm=False))
