# PANet without the fully connected path of the mask head
_base_ = ['./panet_toystreet.py']
model = dict(roi_head=dict(mask_head=dict(fc_fusion=False)))
expected = dict(metric='coco/segm_mAP_50', value=0.263, tolerance=0.05, seed=0)
