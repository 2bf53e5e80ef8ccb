# Pascal VOC 2012 with 92 labels of the original training set, of high quality;
# the rest of trainaug (10582 images) is unlabelled. The lists of 92, 183, 366
# and 732 images are published ones or are made with
# python tools/dataset_converters/make_label_splits.py \
#     mmseg::_base_/datasets/pascal_voc12.py \
#     data/VOCdevkit/VOC2012/splits/unimatch --sizes 92 183 366 732
_base_ = ['./voc12aug_semi_unimatch-321x321.py']
labeled_list = 'splits/unimatch/92/labeled_seed0.txt'
train_dataloader = dict(
    dataset=dict(
        labeled=dict(
            data_prefix=dict(seg_map_path='SegmentationClass'),
            ann_file=labeled_list),
        unlabeled=dict(
            ann_file='ImageSets/Segmentation/trainaug.txt',
            exclude_ann_file=labeled_list)))
