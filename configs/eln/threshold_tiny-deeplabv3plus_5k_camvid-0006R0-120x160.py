# baseline: pixels are kept by the confidence of the teacher
_base_ = ['./threshold_tiny-deeplabv3plus_5k_camvid-1_8-120x160.py']
train_dataloader = dict(
    dataset=dict(
        labeled=dict(ann_file='splits/sequences/0006R0.txt'),
        unlabeled=dict(ann_file='splits/sequences/0016E5.txt')))
