# step 1 of ToyStreet 6-3: three classes from labels of images. The whole task:
# python tools/incremental.py configs/fmwiss/fmwiss_toystreet.py
_base_ = [
    '../_base_/models/weakly_incremental_deeplabv3plus_tiny.py',
    '../_base_/datasets/toystreet_incremental_step1.py',
    '../_base_/schedules/incremental_toystreet.py',
    '../_base_/default_runtime.py',
]
load_from = 'work_dirs/fmwiss_base_toystreet/iter_900.pth'
find_unused_parameters = True
model = dict(
    num_old_classes=7, segmentor=dict(decode_head=dict(num_classes=10)))
# no foundation model: masks of a small network that has learnt labels of images
co_segmentor = dict(
    type='ClassActivationCoSegmentor',
    config='configs/fmwiss/fmwiss_tagger_toystreet.py',
    checkpoint='work_dirs/fmwiss_tagger_toystreet/iter_200.pth')
incremental = dict(
    base='fmwiss_base_toystreet.py',
    steps=[],
    tagger='fmwiss_tagger_toystreet.py',
    memory_bank=dict(per_class=50, min_area=0.002))
expected = dict(metric='mIoU_all', value=51.09, tolerance=2., seed=0)
