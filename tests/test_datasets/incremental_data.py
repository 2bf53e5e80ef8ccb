"""A small data set with known classes for class-incremental tests."""
import json

import cv2
import numpy as np

CLASSES = ('sky', 'building', 'road', 'pavement', 'tree', 'car', 'pedestrian',
           'sign', 'pole')
TASK = dict(
    name='toy', base=['road', 'sky'], increments=[['car', 'tree'], ['sign']])
# of sky, road, car, tree, sign, and building, which is in no step
SHOWN = dict(
    a=('sky', 'road'),
    b=('road', 'car'),
    c=('tree', 'sign', 'sky'),
    d=('car', 'tree', 'building'),
    e=('sign', ))


def make_data(root):
    """Write five images whose labels show the classes of ``SHOWN``."""
    rng = np.random.RandomState(0)
    for folder in ('images', 'labels'):
        (root / folder).mkdir(parents=True)
    for name, classes in SHOWN.items():
        label = np.full((24, 32), 255, np.uint8)
        for i, c in enumerate(classes):
            label[i * 8:i * 8 + 8, 4:] = CLASSES.index(c)
        cv2.imwrite(str(root / f'labels/{name}.png'), label)
        cv2.imwrite(
            str(root / f'images/{name}.png'),
            rng.randint(0, 256, (24, 32, 3)).astype(np.uint8))
    counts = {
        name: [int(c in classes) * 9 for c in CLASSES]
        for name, classes in SHOWN.items()
    }
    (root / 'counts.json').write_text(
        json.dumps(dict(version=1, classes=CLASSES, images=counts)))
    return dict(
        type='ToyStreetDataset',
        data_root=str(root),
        data_prefix=dict(img_path='images', seg_map_path='labels'))


def names(dataset):
    """Names of the images of a data set, joined."""
    return ''.join(
        dataset.get_data_info(i)['img_path'][-5] for i in range(len(dataset)))


def write_masks(folder, dataset, task='toy', value=1):
    """A finished cache of masks: bits ``value`` everywhere."""
    (folder / 'masks').mkdir(parents=True)
    classes = list(dataset.metainfo['classes'])
    labels = {}
    for i in range(len(dataset)):
        info = dataset.get_data_info(i)
        name = info['img_path'][-5]
        labels[name] = [classes[c] for c in info['image_labels']]
        cv2.imwrite(
            str(folder / f'masks/{name}.png'), np.full((3, 4), value,
                                                       np.uint16))
    (folder / 'manifest.json').write_text(
        json.dumps(dict(recipe=dict(task=task, classes=classes))))
    (folder / 'finished.json').write_text(json.dumps(dict(labels=labels)))
