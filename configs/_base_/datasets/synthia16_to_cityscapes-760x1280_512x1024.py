# SYNTHIA to Cityscapes with 16 outputs, as ADVENT: terrain, truck and train,
# which SYNTHIA lacks, are ignored. A model needs num_classes=16.
_base_ = ['./synthia_to_cityscapes-760x1280_512x1024.py']
metainfo = dict(
    classes=('road', 'sidewalk', 'building', 'wall', 'fence', 'pole',
             'traffic light', 'traffic sign', 'vegetation', 'sky', 'person',
             'rider', 'car', 'bus', 'motorcycle', 'bicycle'))
train_dataloader = dict(dataset=dict(source=dict(metainfo=metainfo)))
val_dataloader = dict(dataset=dict(metainfo=metainfo))
test_dataloader = val_dataloader
