# a member of the committee
_base_ = ['./classifier_resnet-v1c_toystreet.py']
model = dict(
    backbone=dict(
        _delete_=True,
        type='DenseNet',
        arch=dict(growth_rate=12, depths=[2, 3, 4, 3], init_channels=24)),
    head=dict(in_channels=75))
expected = dict(value=71.2)
