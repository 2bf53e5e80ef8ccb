# baseline s-ECN: errors are corrected, none is left out
_base_ = ['./eln_toystreet.py']
model = dict(pseudo_filter=dict(type='ErrorCorrectionNetwork'))
expected = dict(metric='student/mIoU', value=53.51, tolerance=2., seed=0)
