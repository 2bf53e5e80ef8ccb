# fmwiss_toystreet.py without the dense contrastive loss
_base_ = ['./fmwiss_toystreet.py']
model = dict(loss_contrast=None)
expected = dict(metric='mIoU_all', value=51.02, tolerance=2., seed=0)
