# Cityscapes instances in an order that resumes at once; all images have one
# aspect ratio, so that there is nothing to group
_base_ = ['mmdet::_base_/datasets/cityscapes_instance.py']
train_dataloader = dict(
    sampler=dict(_delete_=True, type='mmseg.MultiSourceSampler', shuffle=True),
    batch_sampler=None,
    dataset=dict(
        _delete_=True,
        type='mmseg.SeededDataset',
        dataset={{_base_.train_dataloader.dataset.dataset}}))
