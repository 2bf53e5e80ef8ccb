# the target is forwarded, which does nothing here: equals
# source_only_gn_toystreet.py to the bit
_base_ = ['./source_only_gn_toystreet.py']
model = dict(forward_target=True)
expected = dict(metric='mIoU', value=0., tolerance=100., seed=0)
