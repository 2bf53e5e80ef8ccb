# without copy-paste
_base_ = ['./fmwiss_tiny-deeplabv3plus_400_camvid-9-2_simulated.py']
train_pipeline = _base_.train_pipeline
assert train_pipeline.pop(4).type == 'MemoryCopyPaste'
train_dataloader = dict(dataset=dict(dataset=dict(pipeline=train_pipeline)))
