# with a normalisation that has no statistics to adapt
_base_ = ['./minent_toystreet.py']
norm_cfg = dict(type='GN', num_groups=4)
model = dict(
    segmentor=dict(
        backbone=dict(norm_cfg=norm_cfg),
        decode_head=dict(norm_cfg=norm_cfg),
        auxiliary_head=dict(norm_cfg=norm_cfg)))
# no figure is promised, unlike by the parent
expected = dict(_delete_=True)
