# a member of the committee
_base_ = ['./classifier_resnet-v1c_toystreet.py']
model = dict(
    backbone=dict(_delete_=True, type='MobileNetV2', widen_factor=0.25),
    head=dict(in_channels=1280))
