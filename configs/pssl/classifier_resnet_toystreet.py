# a member of the committee: an undilated, narrower ResNet
_base_ = ['./classifier_resnet-v1c_toystreet.py']
model = dict(
    backbone=dict(
        _delete_=True,
        type='ResNet',
        depth=18,
        stem_channels=8,
        base_channels=8),
    head=dict(in_channels=64))
expected = dict(value=74.4)
