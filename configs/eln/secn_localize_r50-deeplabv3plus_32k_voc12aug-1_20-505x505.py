# s-ECN as a localiser: a pixel is right where its class is predicted again
_base_ = ['./eln_localize_r50-deeplabv3plus_32k_voc12aug-1_20-505x505.py']
model = dict(pseudo_filter=dict(type='ErrorCorrectionNetwork'))
