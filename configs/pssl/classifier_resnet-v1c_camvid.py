# the same of cuts of CamVid; make them with
# python tools/dataset_converters/object_crops.py \
#     configs/_base_/datasets/camvid.py data/camvid_crops \
#     --classes car pedestrian bicyclist sign tree --per-class 200
_base_ = ['./classifier_resnet-v1c_toystreet.py']
train_dataloader = dict(dataset=dict(data_root='data/camvid_crops'))
val_dataloader = dict(dataset=dict(data_root='data/camvid_crops'))
test_dataloader = val_dataloader
expected = None
