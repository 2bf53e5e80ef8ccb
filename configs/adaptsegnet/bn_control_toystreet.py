# control: the target is forwarded and moves the statistics of normalisation,
# no loss reads it
_base_ = ['./source_only_toystreet.py']
model = dict(forward_target=True)
expected = dict(metric='mIoU', value=46.03, tolerance=2., seed=0)
