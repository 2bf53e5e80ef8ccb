# fmwiss_toystreet.py without teacher: the masks teach the student
_base_ = ['./fmwiss_toystreet.py']
model = dict(teacher=None)
expected = dict(metric='mIoU_all', value=51.18, tolerance=2., seed=0)
