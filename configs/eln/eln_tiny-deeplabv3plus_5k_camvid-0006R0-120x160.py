# CamVid at half resolution, one drive labelled (0006R0, 101 images), another
# one (0016E5, 204 images, validated on) not, for two CPU cores; the converter
# of CamVid writes the lists
_base_ = ['./eln_tiny-deeplabv3plus_5k_camvid-1_8-120x160.py']
train_dataloader = dict(
    dataset=dict(
        labeled=dict(ann_file='splits/sequences/0006R0.txt'),
        unlabeled=dict(ann_file='splits/sequences/0016E5.txt')))
