_base_ = ['./eln_r50-deeplabv3plus_133k_voc12aug-1_20-505x505.py']
labeled_list = 'splits/1_8/labeled_seed0.txt'
unlabeled_list = 'splits/1_8/unlabeled_seed0.txt'
train_dataloader = dict(
    dataset=dict(
        labeled=dict(ann_file=labeled_list),
        unlabeled=dict(ann_file=unlabeled_list)))
