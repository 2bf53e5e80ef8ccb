# baseline: pixels are kept by the confidence of the teacher
_base_ = ['./eln_r50-deeplabv3plus_133k_voc12aug-1_20-505x505.py']
model = dict(
    pseudo_filter=dict(_delete_=True, type='ConfidenceFilter'),
    aux_decoders=None)
default_hooks = dict(
    # nothing to learn between pre-training and self-training
    stage=dict(stages=[
        dict(name='pretrain', iters=31920),
        dict(name='localize', iters=0),
        dict(name='semi')
    ]))
