# DANet as its paper trains it: multi-grid, three losses over the pixels that
# are not void, no auxiliary head
_base_ = ['./efficient_danet_r50-d8.py']
model = dict(
    backbone=dict(multi_grid=(4, 8, 16)),
    decode_head=dict(
        align_corners=True, loss_decode=dict(avg_non_ignore=True)),
    auxiliary_head=None)
