# what the authors' code does where it differs from the paper
_base_ = ['./adaptsegnet_vgg16-deeplabv2_150k_gta2cityscapes-512x1024.py']
model = dict(
    segmentor=dict(
        # scores are resized once, to the size of the image
        decode_head=dict(dilations=(6, 12), resize_to_input=False)))
