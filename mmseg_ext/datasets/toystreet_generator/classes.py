"""Class names, colours and ids of ToyStreet."""

CLASSES = ('sky', 'building', 'road', 'pavement', 'tree', 'car', 'pedestrian',
           'sign', 'pole')
PALETTE = [[70, 130, 180], [70, 70, 70], [128, 64, 128], [244, 35, 232],
           [107, 142, 35], [0, 0, 142], [220, 20, 60], [220, 220, 0],
           [153, 153, 153]]
THINGS = ('car', 'pedestrian', 'sign')
"""The classes whose instances are told apart."""

SKY, BUILDING, ROAD, PAVEMENT, TREE, CAR, PEDESTRIAN, SIGN, POLE = range(9)
VOID = 255
DOMAINS = ('day', 'dusk')
SPLITS = ('train', 'val', 'test')
