# the target is forwarded, which does nothing here: equals
# source_only_toystreet-gn.py to the bit
_base_ = ['./source_only_toystreet-gn.py']
model = dict(forward_target=True)
# no figure is promised, unlike by the parent
expected = dict(_delete_=True)
