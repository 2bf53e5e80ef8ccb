# translation that the segmentor of the round before watches
_base_ = ['./cyclegan_tiny_1k_camvid-day2dusk-96x96.py']
model = dict(
    perceptual=dict(
        type='PerceptualLoss',
        segmentor={{_base_.segmentor}},
        checkpoint='work_dirs/bdl_tiny-deeplabv3plus_2k_camvid-day2dusk/'
        'round0/segmentation2/iter_2000.pth'))
