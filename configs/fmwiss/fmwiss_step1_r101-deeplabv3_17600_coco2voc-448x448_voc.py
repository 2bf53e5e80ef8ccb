# scored on the validation images of VOC: mIoU_new, of 20 classes without
# background
_base_ = ['./fmwiss_step1_r101-deeplabv3_17600_coco2voc-448x448.py']
val_dataloader = dict(
    dataset=dict(
        aliases={{_base_.aliases}},
        dataset=dict(
            _delete_=True,
            type='PascalVOCDataset',
            data_root='data/VOCdevkit/VOC2012',
            data_prefix=dict(
                img_path='JPEGImages', seg_map_path='SegmentationClass'),
            ann_file='ImageSets/Segmentation/val.txt')))
test_dataloader = val_dataloader
