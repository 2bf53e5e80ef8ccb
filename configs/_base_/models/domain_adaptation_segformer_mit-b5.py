# SegFormer-B5, trained on the source alone
_base_ = ['./segformer_mit-b5.py']
model = dict(
    _delete_=True, type='DomainAdaptation', segmentor={{_base_.model}})
