# CamVid at half resolution, trained on crops of 120x160; whole images are
# scored
_base_ = ['./camvid-180x240.py']
train_pipeline = _base_.train_pipeline
assert train_pipeline[3].type == 'RandomCrop'
train_pipeline[3].crop_size = (120, 160)
train_dataloader = dict(dataset=dict(dataset=dict(pipeline=train_pipeline)))
