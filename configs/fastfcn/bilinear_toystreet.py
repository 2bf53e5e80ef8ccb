# baseline: the map of stride 16 enlarged to stride 4
_base_ = ['./dilated_toystreet.py']
model = dict(
    backbone=dict(
        strides=(1, 1, 2, 2), dilations=(1, 1, 1, 1), contract_dilation=False),
    neck=dict(type='BilinearUpsampling'))
expected = dict(metric='mIoU', value=65.84, tolerance=2., seed=0)
