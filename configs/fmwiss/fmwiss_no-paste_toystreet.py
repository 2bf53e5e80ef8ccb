# fmwiss_toystreet.py without copy-paste
_base_ = ['./fmwiss_toystreet.py']
train_pipeline = _base_.train_pipeline
assert train_pipeline.pop(4).type == 'MemoryCopyPaste'
train_dataloader = dict(dataset=dict(dataset=dict(pipeline=train_pipeline)))
expected = dict(metric='mIoU_all', value=50.83, tolerance=2., seed=0)
