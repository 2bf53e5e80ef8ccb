# translation that a segmentor watches: that of the rounds behind the first.
# tools/bdl.py gives the checkpoint of the round before
_base_ = ['./cyclegan_toystreet.py']
model = dict(
    perceptual=dict(
        type='PerceptualLoss',
        segmentor={{_base_.segmentor}},
        checkpoint='work_dirs/bdl_toystreet/round0/segmentation2/'
        'iter_1500.pth'))
expected = dict(metric='color_shift', value=83.7, tolerance=2., seed=0)
