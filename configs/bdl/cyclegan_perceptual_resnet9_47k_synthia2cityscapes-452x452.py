# translation that the segmentor of the round before watches, as the authors'
# code measures it
_base_ = ['./cyclegan_resnet9_47k_synthia2cityscapes-452x452.py']
model = dict(
    perceptual=dict(
        type='PerceptualLoss',
        segmentor={{_base_.segmentor}},
        checkpoint='work_dirs/'
        'bdl_r101-deeplabv2_120k_synthia2cityscapes-512x1024/round0/'
        'segmentation2/iter_120000.pth'))
