import hashlib
import io
import json
import os
import os.path as osp

import cv2
import numpy as np
import pytest
from PIL import Image

from mmseg_ext.datasets.toystreet_generator import (CLASSES, DOMAINS, THINGS,
                                                    generate, render)
from mmseg_ext.datasets.toystreet_generator.labels import (halve_code,
                                                           panoptic, separate)
from mmseg_ext.datasets.toystreet_generator.png import encode_png
from mmseg_ext.datasets.toystreet_generator.stream import Stream

# Of the pixels, labels and instances of the first training image. They are
# the promise to every user that the same seed gives the same data.
DIGESTS = dict(
    day='126b873b6832e9fe0f01ac1cd3199489db532ccc3f61b01a7a03402ec68ed7ce',
    dusk='4c93b4e5ac611337ba30dbc4d67d1ea1c4da801f2f98b0833655c39a8eea5736')


def _digest(sample):
    return hashlib.sha256(b''.join(part.tobytes()
                                   for part in sample)).hexdigest()


def _files(root):
    found = {}
    for folder, _, names in os.walk(root):
        for name in names:
            path = osp.join(folder, name)
            with open(path, 'rb') as file:
                found[osp.relpath(path, root)] = file.read()
    return found


@pytest.fixture(scope='module')
def dataset(tmp_path_factory):
    root = tmp_path_factory.mktemp('data') / 'toystreet'
    assert generate(root, num_train=16, num_val=2, seed=3)
    return root


@pytest.mark.parametrize('domain', DOMAINS)
def test_pixels_are_the_same_everywhere(domain):
    assert _digest(render(domain, 'train', 0)) == DIGESTS[domain]


def test_stream_is_the_same_everywhere():
    stream = Stream(1, 2)
    assert [stream.integer(0, 1000) for _ in range(4)] == [448, 430, 419, 277]
    assert sorted(stream.permutation(9)) == list(range(9))


def test_noise_has_zero_mean_and_unit_variance():
    noise = Stream(0).noise_sum((200, 200))
    assert abs(noise.mean()) < 0.02
    assert abs(noise.std() - 1) < 0.02


def test_image_depends_on_each_part_of_its_name():
    first = _digest(render('day', 'train', 0))
    for arguments in (('dusk', 'train', 0), ('day', 'val', 0),
                      ('day', 'train', 1), ('day', 'train', 0, 1)):
        assert _digest(render(*arguments)) != first


def test_fewer_images_are_the_first_ones_and_bytes_repeat(dataset, tmp_path):
    generate(tmp_path / 'few', num_train=2, num_val=1, seed=3)
    many, few = _files(dataset), _files(tmp_path / 'few')
    images = [name for name in few if name.endswith('.png')]
    assert len(images) == 1 + 2 * 3 * 4
    for name in images:
        if name != 'contact_sheet.png':
            assert few[name] == many[name], name
    generate(tmp_path / 'again', num_train=2, num_val=1, seed=3)
    assert _files(tmp_path / 'again') == few


def test_all_classes_and_little_void(dataset):
    pixels = np.zeros(256, dtype=np.int64)
    for domain in DOMAINS:
        folder = dataset / domain / 'annotations' / 'train'
        for name in os.listdir(folder):
            label = cv2.imread(str(folder / name), cv2.IMREAD_UNCHANGED)
            pixels += np.bincount(label.ravel(), minlength=256)
    share = pixels / pixels.sum()
    assert set(np.flatnonzero(pixels)) == set(range(len(CLASSES))) | {255}
    assert share[:len(CLASSES)].min() > 0.004, share[:len(CLASSES)]
    assert 0.005 < share[255] < 0.08


def test_domains_differ_in_light(dataset):
    means = []
    for domain in DOMAINS:
        folder = dataset / domain / 'images' / 'train'
        means.append(
            np.mean([
                cv2.imread(str(folder / name)).mean()
                for name in os.listdir(folder)
            ]))
    assert means[0] > means[1] + 20


def test_instances_agree_with_labels_and_json(dataset):
    root = dataset / 'day'
    content = json.loads((root / 'coco/instances_train.json').read_text())
    names = {c['id']: c['name'] for c in content['categories']}
    assert sorted(names.values()) == sorted(THINGS)
    assert [a['id'] for a in content['annotations']
            ] == list(range(1,
                            len(content['annotations']) + 1))
    seen = 0
    for image in content['images']:
        path = str(root / 'annotations/train' / image['file_name'])
        label = cv2.imread(path, cv2.IMREAD_UNCHANGED)
        ids = cv2.imread(
            path.replace('annotations', 'instances'), cv2.IMREAD_UNCHANGED)
        assert (image['height'], image['width']) == label.shape
        mine = [
            a for a in content['annotations'] if a['image_id'] == image['id']
        ]
        assert len(mine) == ids.max()
        for number, annotation in enumerate(mine, start=1):
            mask = _decode(annotation['segmentation'])
            assert np.array_equal(mask, ids == number)
            assert set(label[mask]) == {annotation['category_id']}
            assert mask.sum() == annotation['area']
            x, y, w, h = annotation['bbox']
            ys, xs = np.nonzero(mask)
            assert (x, y) == (xs.min(), ys.min())
            assert (x + w, y + h) == (xs.max() + 1, ys.max() + 1)
        things = [CLASSES.index(name) for name in THINGS]
        assert np.array_equal(ids > 0, np.isin(label, things))
        seen += len(mine)
    assert seen > 16


def _decode(rle):
    """COCO's uncompressed run-length code, by its definition."""
    flat, value = [], 0
    for count in rle['counts']:
        flat += [value] * count
        value = 1 - value
    return np.array(flat, dtype=bool).reshape(rle['size'], order='F')


def test_panoptic_json_covers_the_image(dataset):
    root = dataset / 'dusk/coco'
    content = json.loads((root / 'panoptic_train.json').read_text())
    assert len(content['annotations']) == 16
    for annotation in content['annotations']:
        name = annotation['file_name']
        with Image.open(root / 'panoptic_train' / name) as image:
            rgb = np.array(image).astype(np.int64)
        ids = rgb[..., 0] + 256 * rgb[..., 1] + 65536 * rgb[..., 2]
        label = cv2.imread(
            str(dataset / 'dusk/annotations/train' / name),
            cv2.IMREAD_UNCHANGED)
        segments = {s['id']: s for s in annotation['segments_info']}
        assert set(np.unique(ids)) - {0} == set(segments)
        assert np.array_equal(ids == 0, label == 255)
        for number, segment in segments.items():
            mask = ids == number
            assert set(label[mask]) == {segment['category_id']}
            assert mask.sum() == segment['area']


def test_lists_are_disjoint_complete_and_nested(dataset):
    names = sorted(
        osp.splitext(name)[0]
        for name in os.listdir(dataset / 'day/images/train'))
    for seed in range(3):
        last = set()
        for fraction, count in ((32, 1), (16, 1), (8, 2), (4, 4)):
            folder = dataset / f'day/splits/1_{fraction}'
            labeled, unlabeled = ((
                folder / f'{kind}_seed{seed}.txt').read_text().splitlines()
                                  for kind in ('labeled', 'unlabeled'))
            assert len(labeled) == count
            assert sorted(labeled + unlabeled) == names
            assert last <= set(labeled)
            last = set(labeled)


def test_lists_differ_by_seed(dataset):
    lists = [(dataset / f'day/splits/1_4/labeled_seed{seed}.txt').read_text()
             for seed in range(3)]
    assert len(set(lists)) == 3


def test_second_run_does_nothing(dataset):
    before = _files(dataset)
    assert not generate(dataset, num_train=16, num_val=2, seed=3)
    assert _files(dataset) == before


def test_other_arguments_are_refused(dataset):
    with pytest.raises(FileExistsError, match='holds a ToyStreet data set'):
        generate(dataset, num_train=16, num_val=2, seed=4)


def test_foreign_directory_is_left_alone(tmp_path):
    (tmp_path / 'thesis.txt').write_text('all of it')
    with pytest.raises(FileExistsError, match='is not a ToyStreet data set'):
        generate(tmp_path, num_train=1, num_val=0)
    assert os.listdir(tmp_path) == ['thesis.txt']


def test_link_to_an_empty_directory(tmp_path):
    (tmp_path / 'disk').mkdir()
    (tmp_path / 'out').symlink_to(tmp_path / 'disk')
    assert generate(tmp_path / 'out', 1, 1, image_size=(32, 48))
    assert (tmp_path / 'out').is_symlink()
    assert (tmp_path / 'disk/day').is_dir()


def test_interruption_leaves_nothing(tmp_path):

    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate(tmp_path / 'out', num_train=1, num_val=0, progress=interrupt)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize('arguments', [
    dict(num_train=0),
    dict(num_val=-1),
    dict(seed=-1),
    dict(image_size=(16, 128)),
])
def test_wrong_arguments(tmp_path, arguments):
    with pytest.raises(ValueError):
        generate(tmp_path / 'out', **arguments)


@pytest.mark.parametrize('size', [(33, 47), (64, 200)])
def test_other_sizes(size):
    sample = render('dusk', 'val', 1, image_size=size)
    assert sample.image.shape == size + (3, )
    assert sample.labels.shape == sample.instances.shape == size


@pytest.mark.parametrize('shape', [(5, 7), (5, 7, 3), (300, 400, 3)])
def test_png_is_read_by_others(shape):
    array = Stream(0).unit(shape)
    array = (array * 256).astype(np.uint8)
    data = encode_png(array)
    with Image.open(io.BytesIO(data)) as image:
        assert np.array_equal(np.array(image), array)
    read = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(read[..., ::-1] if read.ndim == 3 else read, array)


def test_png_refuses_other_types():
    with pytest.raises(TypeError, match='float64'):
        encode_png(np.zeros((4, 4)))


@pytest.mark.parametrize('votes, winner', [
    ((1, 1, 1, 1), 1),
    ((2, 1, 2, 2), 2),
    ((3, 1, 1, 2), 1),
    ((0, 3, 3, 7), 3),
    ((5, 2, 1, 5), 5),
    ((1, 1, 2, 2), 255),
    ((4, 3, 2, 1), 255),
])
def test_halve_code_takes_the_majority(votes, winner):
    code = np.array(votes, dtype=np.int32).reshape(2, 2)
    assert halve_code(code) == [[winner]]


def test_small_objects_become_void():
    code = np.full((10, 10), 2, dtype=np.int32)
    code[:2, :2] = 5 + 256 * 1
    code[4:8, 4:8] = 5 + 256 * 2
    labels, instances = separate(code)
    assert set(labels[:2, :2].ravel()) == {255}
    assert set(instances[:2, :2].ravel()) == {0}
    assert set(labels[4:8, 4:8].ravel()) == {5}
    assert set(instances[4:8, 4:8].ravel()) == {1}
    rgb, segments = panoptic(labels, instances)
    assert [(s['category_id'], s['area']) for s in segments] == [(5, 16),
                                                                 (2, 80)]
    assert rgb.shape == (10, 10, 3)
