# the same of cuts of CamVid
_base_ = ['./classifier_densenet_toystreet.py']
train_dataloader = dict(dataset=dict(data_root='data/camvid_crops'))
val_dataloader = dict(dataset=dict(data_root='data/camvid_crops'))
test_dataloader = val_dataloader
expected = None
