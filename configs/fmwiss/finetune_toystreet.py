# fine-tuning on the masks: no old model, no teacher, no memory
_base_ = ['./fmwiss_no-paste_toystreet.py']
model = dict(teacher=None, distill_old=False, alpha=1.0)
expected = dict(metric='mIoU_all', value=5.67, tolerance=2., seed=0)
