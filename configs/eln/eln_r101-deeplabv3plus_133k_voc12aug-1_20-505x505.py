_base_ = ['./eln_r50-deeplabv3plus_133k_voc12aug-1_20-505x505.py']
model = dict(
    segmentor=dict(
        pretrained='torchvision://resnet101', backbone=dict(depth=101)))
