# and without fully-connected fusion
_base_ = ['./panet_2fc_r50_syncbn_ms-2x_coco.py']
model = dict(roi_head=dict(mask_head=dict(fc_fusion=False)))
