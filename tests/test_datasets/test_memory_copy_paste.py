import hashlib
import json
import time

import cv2
import numpy as np
import pytest
import torch
from mmseg.registry import TRANSFORMS

from mmseg_ext.datasets.memory_bank import MemoryBank
from mmseg_ext.datasets.pseudo_mask_cache import (CLASS_BITS,
                                                  check_class_count,
                                                  encode_masks)
from mmseg_ext.datasets.transforms import MemoryCopyPaste, SegRandomResizedCrop
from mmseg_ext.models.utils.incremental_targets import decode_masks

CLASSES = ['background', 'road', 'sky']


def write_bank(folder, objects, classes=CLASSES):
    """A bank of ``objects``, pairs of a label and a BGRA image."""
    (folder / 'objects').mkdir(parents=True)
    entries = []
    for i, (label, image) in enumerate(objects):
        name = f'objects/{i}.png'
        cv2.imwrite(str(folder / name), image)
        entries.append(
            dict(
                label=label,
                file=name,
                area=int((image[..., 3] > 0).sum()),
                source='x',
                pseudo=False,
                sha1=hashlib.sha1((folder / name).read_bytes()).hexdigest()))
    (folder / 'index.json').write_text(
        json.dumps(
            dict(
                version=1,
                task='toy',
                step=0,
                classes=classes,
                objects=entries)))
    return str(folder)


def make_object(height=12, width=20, color=200):
    image = np.full((height, width, 4), color, np.uint8)
    image[..., 3] = 0
    image[2:, 3:, 3] = 255
    return image


@pytest.fixture
def bank(tmp_path):
    return write_bank(tmp_path / 'bank', [(1, make_object()),
                                          (1, make_object(30, 8, 100)),
                                          (2, make_object(5, 5, 50))])


def results(height=40, width=60, **fields):
    rng = np.random.RandomState(1)
    image = rng.randint(0, 40, (height, width, 3)).astype(np.uint8)
    return dict(img=image, seg_fields=list(fields), **fields)


class TestPaste:

    def test_pixels_outside_stay_and_inside_are_the_object(self, bank):
        mask = np.full((40, 60), 0b10000011, np.uint16)
        label = np.full((40, 60), 2, np.uint8)
        label[:5] = 255
        transform = MemoryCopyPaste(bank, prob=1., num_objects=(2, 3))
        np.random.seed(0)
        for _ in range(20):
            before = results(gt_pseudo_mask=mask, gt_seg_map=label)
            image = before['img'].copy()
            after = transform(before)
            paste = after['gt_paste_map']
            inside = paste > 0
            assert inside.any() and set(np.unique(paste)) <= {0, 1, 2}
            assert (after['img'][~inside] == image[~inside]).all()
            assert (after['img'][inside] >= 50).all()
            assert (after['gt_seg_map'][inside] == paste[inside]).all()
            assert (after['gt_seg_map'][~inside] == label[~inside]).all()
            assert (after['gt_pseudo_mask'][inside] == 0).all()
            assert (after['gt_pseudo_mask'][~inside] == 0b10000011).all()
            assert after['gt_seg_map'].dtype == np.uint8
            assert after['gt_pseudo_mask'].dtype == np.uint16
            assert after['seg_fields'][-1] == 'gt_paste_map'
            assert (mask == 0b10000011).all()  # not written to

    def test_two_in_a_pipeline(self, bank):
        """The second keeps what the first has pasted, and void."""
        first, second = (
            MemoryCopyPaste(bank, prob=1., classes=[name], scale=(1., 1.))
            for name in ('road', 'sky'))
        flip = TRANSFORMS.build(dict(type='RandomFlip', prob=1.))
        np.random.seed(0)
        for _ in range(5):
            made = first(results(gt_pseudo_mask=np.full((40, 60), 128)))
            one = made['gt_paste_map']
            one[:2] = made['img'][:2] = 255  # as a rotation fills it
            copy, mask = one.copy(), made['gt_pseudo_mask']
            made = second(made)
            both = made['gt_paste_map']
            pasted = both == 2
            assert pasted.any() and (both[~pasted] == copy[~pasted]).all()
            assert (one == copy).all()
            assert ((made['img'][..., 0] >= 50) == (both > 0)).all()
            assert (made['gt_pseudo_mask'] == mask * ~pasted).all()
            assert made['seg_fields'] == ['gt_pseudo_mask', 'gt_paste_map']
            assert (flip(made)['gt_paste_map'] == both[:, ::-1]).all()

    def test_images_of_floats(self, bank):
        transform = MemoryCopyPaste(bank, prob=1., num_objects=(2, 3))
        images = []
        for dtype in (np.uint8, np.float32):
            before = results(gt_seg_map=np.zeros((40, 60), np.uint8))
            before['img'] = before['img'].astype(dtype)
            np.random.seed(0)
            images.append(transform(before)['img'])
        assert images[1].dtype == np.float32
        assert (images[1] == images[0]).all() and (images[0] >= 50).any()

    def test_exact_at_scale_one(self, tmp_path):
        image = np.random.RandomState(0).randint(100, 256,
                                                 (9, 7, 4)).astype(np.uint8)
        image[..., 3] = (np.indices((9, 7)).sum(0) % 3 > 0) * 255
        bank = write_bank(tmp_path / 'b', [(2, image)])
        for flip in (0., 1.):
            after = MemoryCopyPaste(
                bank, prob=1., scale=(1., 1.), flip_prob=flip)(
                    results())
            rows, columns = np.nonzero(after['gt_paste_map'])
            top, left = rows.min(), columns.min()
            expected = image[:, ::-1] if flip else image
            alpha = expected[..., 3] > 0
            top -= np.nonzero(alpha)[0].min()
            left -= np.nonzero(alpha)[1].min()
            window = np.s_[top:top + 9, left:left + 7]
            assert ((after['gt_paste_map'][window] == 2) == alpha).all()
            assert (
                after['img'][window][alpha] == expected[alpha][:, :3]).all()
            assert len(rows) == alpha.sum()

    def test_inside_and_shrunk(self, tmp_path):
        bank = write_bank(tmp_path / 'b',
                          [(1, np.full((200, 300, 4), 255, np.uint8))])
        transform = MemoryCopyPaste(bank, prob=1.)
        for _ in range(10):
            after = transform(results(40, 60))
            rows, columns = np.nonzero(after['gt_paste_map'])
            assert np.ptp(rows) + 1 <= 30 and np.ptp(columns) + 1 <= 45

    def test_flipped_view_and_source_are_left_alone(self, bank):
        before = results()
        source = before['img']
        before['img'] = source[:, ::-1]
        copy = source.copy()
        MemoryCopyPaste(bank, prob=1.)(before)
        assert (source == copy).all()

    def test_probability_classes_and_seed(self, bank):
        assert not MemoryCopyPaste(
            bank, prob=0.)(results())['gt_paste_map'].any()
        assert not MemoryCopyPaste(None)(results())['gt_paste_map'].any()
        transform = MemoryCopyPaste(bank, prob=1., classes=['sky'])
        np.random.seed(0)
        assert all(
            transform(results())['gt_paste_map'].max() == 2 for _ in range(9))
        made = []
        for _ in range(2):
            np.random.seed(3)
            made.append(MemoryCopyPaste(bank)(results())['img'])
        assert (made[0] == made[1]).all()

    @pytest.mark.parametrize('options,message', [
        (dict(prob=2), 'prob must be'),
        (dict(scale=(2, 1)), 'scale must'),
        (dict(num_objects=(2, 1)), 'num_objects'),
        (dict(max_ratio=0), 'max_ratio'),
        (dict(classes=['car']), "names 'car', of which"),
        (dict(classes=['background']), "names 'background', of which"),
    ])
    def test_wrong_options(self, bank, options, message):
        with pytest.raises(ValueError, match=message):
            MemoryCopyPaste(bank, **options)

    @pytest.mark.slow
    def test_speed(self, tmp_path):
        """A millisecond for 512x512 beyond decoding."""
        bank = write_bank(tmp_path / 'b',
                          [(1, np.full((240, 240, 4), 255, np.uint8))] * 4)
        transform = MemoryCopyPaste(bank, prob=1.)
        image = results(512, 512)
        times = []
        for _ in range(50):
            copy = dict(image, seg_fields=[])
            start = time.perf_counter()
            transform(copy)
            times.append(time.perf_counter() - start)
        assert min(times) < 1e-3


class TestBank:

    def test_faults(self, bank, tmp_path):
        with pytest.raises(FileNotFoundError, match='is no memory bank'):
            MemoryBank(str(tmp_path))
        read = MemoryBank(bank)
        read.verify()
        read.check_classes([*CLASSES, 'car'])
        with pytest.raises(ValueError, match="of the task 'toy', step 0"):
            read.check_classes(['background', 'sky', 'road', 'car'])
        path = tmp_path / 'bank/objects/1.png'
        path.write_bytes(path.read_bytes()[:-1])
        with pytest.raises(ValueError, match='is not the file'):
            MemoryBank(bank).verify()
        path.unlink()
        with pytest.raises(ValueError, match='1.png of the memory bank is m'):
            MemoryBank(bank).verify()
        (tmp_path / 'bank/index.json').write_text('{}')
        with pytest.raises(ValueError, match='no index of a memory bank'):
            MemoryBank(bank)

    def test_keeps_few_decoded(self, bank):
        read = MemoryBank(bank, cache_bytes=12 * 20 * 4)
        assert [read.read(i).shape for i in (0, 1, 2)] == [(12, 20, 4),
                                                           (30, 8, 4),
                                                           (5, 5, 4)]
        assert read._cached <= 12 * 20 * 4
        assert read.read(2) is read.read(2)


class TestMaskBits:

    def test_bits_through_geometry(self):
        """The map goes through as each of its masks would by itself."""
        rng = np.random.RandomState(0)
        masks = rng.rand(15, 40, 60) > 0.5
        crop = SegRandomResizedCrop(32)
        np.random.seed(5)
        state = np.random.get_state()
        made = crop(results(gt_pseudo_mask=encode_masks(masks)))
        assert made['img'].shape == (32, 32, 3)
        assert made['img_shape'] == (32, 32)
        labels = [tuple(range(3, 18))]
        bits = torch.from_numpy(made['gt_pseudo_mask'].astype(np.int32))
        shares, valid = decode_masks(bits[None], labels, 3, 15, (32, 32))
        assert (valid == 1).all()
        for i, mask in enumerate(masks):
            np.random.set_state(state)
            alone = crop(results(gt_seg_map=mask.astype(np.uint8)))
            assert (shares[0, i].numpy() == alone['gt_seg_map']).all()

    def test_image_that_was_cut_without_its_map(self):
        mask = np.ones((40, 60), np.uint16)
        crop, pack = (
            TRANSFORMS.build(cfg)
            for cfg in (dict(type='CenterCrop', crop_size=(60, 20)),
                        dict(type='PackIncrementalInputs')))
        with pytest.raises(
                ValueError, match='gt_pseudo_mask of 40x60 .* of 20x60: a'):
            pack(crop(results(gt_pseudo_mask=mask)))
        larger = results(50, 70, gt_pseudo_mask=mask)  # was padded
        sample = pack(larger)['data_samples']
        assert sample.gt_pseudo_mask.shape == (40, 60)

    def test_order_void_and_averages(self):
        bits = torch.zeros(2, 4, 4, dtype=torch.int32)
        bits[0, :2] = 1 << CLASS_BITS[1]
        bits[0, 0] |= 1
        bits[0, 3] = 255
        bits[1] = 1
        shares, valid = decode_masks(bits, [(4, 6), (5, )], 4, 3, (2, 2))
        assert shares[0, :, 0, 0].tolist() == [0.5, 0., 1.]
        assert shares[0, :, 1, 0].tolist() == [0., 0., 0.]
        assert shares[1].amax((1, 2)).tolist() == [0., 1., 0.]
        assert valid.min() == 1  # half of the lower cells is void
        _, valid = decode_masks(bits, [(4, 6), (5, )], 4, 3, (4, 4))
        assert (valid[0, 0, 3] == 0).all() and valid.sum() == 28
        none, _ = decode_masks(bits, [(), ()], 4, 3, (2, 2))
        assert none.shape == (2, 3, 2, 2) and none.sum() == 0

    def test_too_many_classes(self):
        check_class_count(range(15), 'x')
        with pytest.raises(ValueError, match='shows 16 new classes'):
            check_class_count(range(16), 'x')


def test_random_resized_crop_falls_back_to_the_centre():
    crop = SegRandomResizedCrop((6, 4), area_range=(1.5, 2.0))
    assert crop.draw_box(30, 30) == (0, 0, 30, 30)
    assert crop.draw_box(30, 60) == (0, 10, 30, 40)
    made = crop(results(gt_seg_map=np.ones((40, 60), np.uint8)))
    assert made['img'].shape == (4, 6, 3)
    assert made['gt_seg_map'].shape == (4, 6)
    with pytest.raises(ValueError, match='area_range'):
        SegRandomResizedCrop(6, area_range=(2, 1))
