# the labels of the ELN config alone, as many of them a batch and as many
# iterations
_base_ = ['./supervised_tiny-deeplabv3plus_5k_camvid-1_8-120x160.py']
train_dataloader = dict(
    dataset=dict(dataset=dict(ann_file='splits/sequences/0006R0.txt')))
