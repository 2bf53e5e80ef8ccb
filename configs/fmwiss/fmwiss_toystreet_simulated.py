# fmwiss_toystreet.py with SIMULATED masks: labels of pixels, spoilt to an IoU
# of 0.6, in place of those of a network that has learnt labels of images
_base_ = ['./fmwiss_toystreet.py']
pseudo_masks = 'data/incremental_toystreet/simulated_masks'
co_segmentor = dict(
    _delete_=True, type='SimulatedCoSegmentor', iou=0.6, stride=2)
train_dataloader = dict(dataset=dict(dataset=dict(pseudo_masks=pseudo_masks)))
incremental = dict(
    _delete_=True,
    base='fmwiss_base_toystreet.py',
    steps=[],
    memory_bank=dict(per_class=50, min_area=0.002))
expected = dict(metric='mIoU_all', value=55.4, tolerance=2., seed=0)
