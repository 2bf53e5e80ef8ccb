_base_ = ['./deeplabv3plus_tiny.py']
model = dict(
    _delete_=True,
    type='ImageTagging',
    segmentor={{_base_.model}},
    num_old_classes=7)
