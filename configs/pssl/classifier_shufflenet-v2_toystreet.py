# a member of the committee
_base_ = ['./classifier_resnet-v1c_toystreet.py']
model = dict(
    backbone=dict(_delete_=True, type='ShuffleNetV2', widen_factor=0.5),
    head=dict(in_channels=1024))
expected = dict(value=60.0)
