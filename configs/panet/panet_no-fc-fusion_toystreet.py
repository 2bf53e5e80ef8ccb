# PANet without the fully connected path of the mask head
_base_ = ['./panet_toystreet.py']
model = dict(roi_head=dict(mask_head=dict(fc_fusion=False)))
