# the stock DANet with attention of linear memory
_base_ = ['mmseg::_base_/models/danet_r50-d8.py']
model = dict(decode_head=dict(type='EfficientDAHead'))
