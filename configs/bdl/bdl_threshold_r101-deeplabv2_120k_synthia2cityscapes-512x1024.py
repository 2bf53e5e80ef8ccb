# pseudo labels by the one threshold of the paper
_base_ = ['./bdl_r101-deeplabv2_120k_synthia2cityscapes-512x1024.py']
bdl = dict(pseudo_labels=dict(_delete_=True, fixed=0.9))
