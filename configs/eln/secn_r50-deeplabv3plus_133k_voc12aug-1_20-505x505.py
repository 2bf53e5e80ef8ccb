# baseline s-ECN: errors are corrected, none is left out
_base_ = ['./eln_r50-deeplabv3plus_133k_voc12aug-1_20-505x505.py']
model = dict(pseudo_filter=dict(type='ErrorCorrectionNetwork'))
