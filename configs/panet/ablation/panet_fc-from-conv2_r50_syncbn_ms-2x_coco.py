# the fully connected path leaves the main one behind convolution 2
_base_ = ['../panet_r50_syncbn_ms-2x_coco.py']
model = dict(roi_head=dict(mask_head=dict(fc_source_conv=2)))
