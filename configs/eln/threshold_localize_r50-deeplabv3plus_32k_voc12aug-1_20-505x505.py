# the confidence threshold as a localiser, of a student trained as long
_base_ = ['./eln_localize_r50-deeplabv3plus_32k_voc12aug-1_20-505x505.py']
model = dict(
    pseudo_filter=dict(_delete_=True, type='ConfidenceFilter'),
    aux_decoders=None)
default_hooks = dict(
    stage=dict(stages=[
        dict(name='pretrain', iters=31920),
        dict(name='localize', iters=0),
        dict(name='semi')
    ]))
