_base_ = ['./eln_r50-deeplabv3plus_133k_cityscapes-1_8-512x1024.py']
labeled_list = 'splits/1_4/labeled_seed0.txt'
unlabeled_list = 'splits/1_4/unlabeled_seed0.txt'
train_dataloader = dict(
    dataset=dict(
        labeled=dict(ann_file=labeled_list),
        unlabeled=dict(ann_file=unlabeled_list)))
