# baseline: pixels are kept by the confidence of the teacher
_base_ = ['./eln_toystreet.py']
model = dict(
    pseudo_filter=dict(_delete_=True, type='ConfidenceFilter'),
    pseudo_score_weight=False,
    aux_decoders=None,
    filter_cut_mix=None)
default_hooks = dict(
    # nothing to learn between pre-training and self-training
    stage=dict(stages=[
        dict(name='pretrain', iters=1000),
        dict(name='localize', iters=0),
        dict(name='semi')
    ]))
expected = dict(metric='student/mIoU', value=54.99, tolerance=2., seed=0)
