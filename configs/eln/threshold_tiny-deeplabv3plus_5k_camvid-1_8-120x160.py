# baseline: pixels are kept by the confidence of the teacher
_base_ = ['./eln_tiny-deeplabv3plus_5k_camvid-1_8-120x160.py']
model = dict(
    pseudo_filter=dict(_delete_=True, type='ConfidenceFilter'),
    aux_decoders=None)
default_hooks = dict(
    # nothing to learn between pre-training and self-training
    stage=dict(stages=[
        dict(name='pretrain', iters=2000),
        dict(name='localize', iters=0),
        dict(name='semi')
    ]))
