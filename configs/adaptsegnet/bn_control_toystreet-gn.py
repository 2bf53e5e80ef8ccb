# the target is forwarded, which does nothing here: equals
# source_only_toystreet-gn.py to the bit
_base_ = ['./source_only_toystreet-gn.py']
model = dict(forward_target=True)
expected = dict(metric='mIoU', value=42.94, tolerance=2., seed=0)
