import cv2
import numpy as np
import pytest
from PIL import Image

from mmseg_ext.datasets.memory_bank import MemoryBank
from mmseg_ext.engine.offline.memory_bank_builder import (MemoryBankBuilder,
                                                          read_instances)

CLASSES = ['background', 'sky', 'person']
# two people who touch, and one whom a pole parts
PEOPLE = np.zeros((20, 30), np.int32)
PEOPLE[4:14, 2:8] = 300
PEOPLE[4:12, 8:14] = 7
PEOPLE[4:10, 20:22] = PEOPLE[4:10, 24:26] = 9
IMAGE = np.random.RandomState(0).randint(1, 256, (20, 30, 3)).astype(np.uint8)


def build(folder, labels, *instances, **kwargs):
    builder = MemoryBankBuilder(str(folder), CLASSES, [1, 2], **kwargs)
    builder.collect([0], lambda _: ('x', IMAGE, labels, *instances))
    builder.write('toy', 0)
    return MemoryBank(str(folder))


@pytest.fixture
def labels():
    labels = np.where(PEOPLE > 0, 2, 0).astype(np.uint8)
    labels[:3] = 1
    return labels


def test_objects_are_connected_parts(labels, tmp_path):
    bank = build(tmp_path, labels)
    assert [x.area for x in bank.objects if x.label == 2] == [108, 12, 12]
    bank = build(tmp_path / 'large', labels, min_area=0.05)
    assert [x.area for x in bank.objects] == [90, 108]


def test_objects_are_instances(labels, tmp_path):
    """Largest first; what has no number in the image is cut by parts."""
    bank = build(tmp_path, labels, PEOPLE)
    people = [i for i, x in enumerate(bank.objects) if x.label == 2]
    assert [bank.objects[i].area for i in people] == [60, 48, 24]
    sky, = (x for x in bank.objects if x.label == 1)
    assert sky.area == 90
    alpha = bank.read(people[2])[..., 3] > 0
    assert alpha.shape == (6, 6) and not alpha[:, 2:4].any()
    image = bank.read(people[1])
    assert (image[..., :3] == IMAGE[4:12, 8:14]).all()
    # of an instance only what is of the class, and nothing without a number
    labels[4:8, 2:8] = 1
    numbers = np.where(PEOPLE == 9, 0, PEOPLE)
    bank = build(tmp_path / 'other', labels, numbers)
    assert [x.area for x in bank.objects if x.label == 2] == [48, 36]


class TestReadInstances:
    shape = PEOPLE.shape

    def test_colours_of_coco(self, tmp_path):
        path = str(tmp_path / 'x.png')
        ids = PEOPLE * 50000
        red, green, blue = ids % 256, ids // 256 % 256, ids // 256**2
        colours = np.dstack([red, green, blue]).astype(np.uint8)
        Image.fromarray(colours).save(path)
        assert (read_instances(path, self.shape) == ids).all()

    def test_numbers(self, tmp_path):
        path = str(tmp_path / 'x.png')
        cv2.imwrite(path, PEOPLE.astype(np.uint16))
        assert (read_instances(path, self.shape) == PEOPLE).all()

    @pytest.mark.parametrize('palette', [False, True])
    def test_borders_of_voc(self, palette, tmp_path):
        path = str(tmp_path / 'x.png')
        numbers = np.where(PEOPLE == 300, 255, PEOPLE).astype(np.uint8)
        image = Image.fromarray(numbers)
        if palette:
            image.putpalette(
                np.random.RandomState(0).randint(0, 256, 768).tolist())
        image.save(path)
        found = read_instances(path, self.shape)
        assert (found == np.where(PEOPLE == 300, 0, PEOPLE)).all()

    def test_faults(self, tmp_path):
        path = str(tmp_path / 'x.png')
        cv2.imwrite(path, PEOPLE.astype(np.uint8))
        with pytest.raises(ValueError, match=r'mode L and shape \(20, 30\), '):
            read_instances(path, (30, 20))
        cv2.imwrite(path, np.zeros((20, 30, 4), np.uint8))
        with pytest.raises(ValueError, match='mode RGBA'):
            read_instances(path, self.shape)
