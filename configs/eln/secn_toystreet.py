# baseline s-ECN: errors are corrected, none is left out
_base_ = ['./eln_toystreet.py']
pseudo_filter = dict(
    _base_.model.pseudo_filter, _delete_=True, type='ErrorCorrectionNetwork')
# the confidence in a class does not tell which other one is right
pseudo_filter.pop('confidence_weight')
model = dict(pseudo_filter=pseudo_filter)
del pseudo_filter
expected = dict(metric='student/mIoU', value=53.51, tolerance=2., seed=0)
