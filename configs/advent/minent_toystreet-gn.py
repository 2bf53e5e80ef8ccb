# with a normalisation that has no statistics to adapt
_base_ = ['./minent_toystreet.py']
norm_cfg = dict(type='GN', num_groups=4)
model = dict(
    segmentor=dict(
        backbone=dict(norm_cfg=norm_cfg),
        decode_head=dict(norm_cfg=norm_cfg),
        auxiliary_head=dict(norm_cfg=norm_cfg)))
expected = dict(metric='mIoU', value=42.65, tolerance=2., seed=0)
