"""Small folders of images and labels, and configs that read them."""
import cv2
import numpy as np

CLASSES = ('sky', 'road', 'car')
PALETTE = [[0, 0, 255], [128, 128, 128], [255, 0, 0]]
LOAD = dict(type='LoadImageFromFile')


def write_images(root, number, with_labels=False, size=(40, 50), seed=0):
    rng = np.random.RandomState(seed)
    for i in range(number):
        (root / 'img').mkdir(parents=True, exist_ok=True)
        # sizes differ by image
        shape = (size[0] + i % 3, size[1] - i % 2)
        image = rng.randint(0, 255, (*shape, 3), np.uint8)
        cv2.imwrite(str(root / 'img' / f'{i:03d}.png'), image)
        if with_labels:
            (root / 'ann').mkdir(parents=True, exist_ok=True)
            label = rng.randint(0, len(CLASSES), shape).astype(np.uint8)
            cv2.imwrite(str(root / 'ann' / f'{i:03d}.png'), label)
    return root


def labeled_config(root, pipeline=None, **kwargs):
    if pipeline is None:
        pipeline = [
            LOAD,
            dict(type='LoadAnnotations'),
            dict(type='RandomFlip', prob=0.5),
            dict(type='PackSegInputs')
        ]
    return dict(
        type='BaseSegDataset',
        data_root=str(root),
        data_prefix=dict(img_path='img', seg_map_path='ann'),
        img_suffix='.png',
        metainfo=dict(classes=CLASSES, palette=PALETTE),
        pipeline=pipeline) | kwargs


def unlabeled_config(root, shared=None, **kwargs):
    if shared is None:
        shared = [
            LOAD,
            dict(type='AddValidMask'),
            dict(type='RandomCrop', crop_size=(32, 32)),
            dict(type='RandomFlip', prob=0.5)
        ]
    views = dict(
        unlabeled=[dict(type='PackBranchInputs')],
        unlabeled_strong=[
            dict(
                type='RandomColorJitter',
                brightness=0.4,
                contrast=0.4,
                saturation=0.4,
                hue=0.1),
            dict(type='RandomGaussianBlur'),
            dict(type='PackBranchInputs')
        ])
    return dict(
        type='BaseSegDataset',
        data_root=str(root),
        data_prefix=dict(img_path='img'),
        img_suffix='.png',
        pipeline=[*shared,
                  dict(type='BranchTransform', branches=views)],
    ) | kwargs


def multi_source_config(labeled_root, unlabeled_root):
    return dict(
        type='MultiSourceDataset',
        labeled=labeled_config(labeled_root),
        unlabeled=unlabeled_config(unlabeled_root))
