# ELN whose pseudo loss weights a pixel by the filter's score rather than
# cutting where pixels are half as likely right as wrong
_base_ = ['./eln_toystreet.py']
model = dict(pseudo_filter=dict(threshold=0.1), pseudo_score_weight=True)
expected = dict(metric='student/mIoU', value=57.11, tolerance=2., seed=0)
