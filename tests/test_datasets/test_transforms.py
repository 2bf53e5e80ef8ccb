import random

import cv2
import mmcv
import numpy as np
import pytest
import torch
from mmcv.transforms import TRANSFORMS as MMCV_TRANSFORMS
from mmengine.dataset import Compose
from mmengine.registry import init_default_scope
from mmseg.registry import TRANSFORMS

from mmseg_ext.datasets import transforms as own
from mmseg_ext.datasets.transforms.random_color_jitter import shift_hue


@pytest.fixture(autouse=True, scope='module')
def scope():
    init_default_scope('mmseg')


@pytest.fixture
def image():
    noise = np.random.RandomState(0).randint(0, 255, (40, 60, 3), np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 2)


def test_names_are_not_those_of_stock():
    for name in own.__all__:
        # those of panoptic labels are MMDetection's kind
        registered = TRANSFORMS.module_dict.get(name) or TRANSFORMS.get(
            f'mmdet.{name}')
        assert registered.__module__.startswith('mmseg_ext')
        assert name not in MMCV_TRANSFORMS.module_dict


# BranchTransform


def test_branches_start_from_their_own_copy(image):

    def darken(results):
        results['img'] //= 2  # in place
        return results

    fork = TRANSFORMS.build(
        dict(
            type='BranchTransform',
            branches=dict(
                dark=[darken, dict(type='PackBranchInputs')],
                plain=[dict(type='PackBranchInputs')])))
    packed = fork(dict(img=image.copy(), img_path='a.png'))
    assert fork.branches == ['dark', 'plain']
    plain = torch.from_numpy(image).permute(2, 0, 1)
    assert torch.equal(packed['inputs']['plain'], plain)
    assert torch.equal(packed['inputs']['dark'], plain // 2)
    assert packed['data_samples']['plain'].img_path == 'a.png'


def test_a_branch_may_give_up_the_image(image):
    fork = own.BranchTransform(dict(a=[lambda results: None]))
    assert fork(dict(img=image)) is None


def test_refuses_a_branch_that_does_not_pack(image):
    fork = own.BranchTransform(dict(weak=[lambda results: results]))
    with pytest.raises(ValueError, match='branches.weak does not pack'):
        fork(dict(img=image))
    with pytest.raises(ValueError, match='branches is empty'):
        own.BranchTransform({})


# valid_mask through the stock geometry

GEOMETRY = {
    'resize': [dict(type='Resize', scale=(90, 50), keep_ratio=False)],
    'resize_ratio': [dict(type='Resize', scale=(90, 50), keep_ratio=True)],
    'random_resize': [
        dict(
            type='RandomResize',
            scale=(60, 40),
            ratio_range=(0.5, 2.0),
            keep_ratio=True)
    ],
    'crop': [dict(type='RandomCrop', crop_size=(30, 70), cat_max_ratio=1.)],
    'flip': [dict(type='RandomFlip', prob=0.5)],
    'pad_last':
    [dict(type='RandomFlip', prob=0.5),
     dict(type='Pad', size=(80, 64))],
    'pad_then_crop': [
        dict(type='Pad', size=(80, 64)),
        dict(type='RandomCrop', crop_size=(30, 30))
    ],
    'own_pad_anywhere': [
        dict(type='PadSegFields', size=(80, 64)),
        dict(
            type='RandomFlip', prob=0.5, direction=['horizontal', 'vertical']),
        dict(type='RandomCrop', crop_size=(50, 60))
    ],
    'rotate': [dict(type='RandomRotate', prob=1., degree=20)],
    'swapped_labels': [
        dict(type='RandomFlip', prob=1., swap_seg_labels=[(1, 2)]),
        dict(type='Pad', size_divisor=32)
    ],
    'all': [
        dict(
            type='RandomResize',
            scale=(60, 40),
            ratio_range=(0.5, 2.0),
            keep_ratio=True),
        dict(type='RandomCrop', crop_size=(48, 48)),
        dict(type='RandomFlip', prob=0.5),
        dict(type='Pad', size=(48, 48))
    ],
}


@pytest.mark.parametrize('name', GEOMETRY)
def test_mask_follows_the_image(name):
    pipeline = Compose([
        dict(type='AddValidMask'), *GEOMETRY[name],
        dict(type='PackBranchInputs')
    ])
    padded = 0
    for seed in range(15):
        random.seed(seed), np.random.seed(seed)
        # every image pixel is bright, every padded one black
        image = np.full((40, 60, 3), 200, np.uint8)
        packed = pipeline(
            dict(img=image, img_shape=(40, 60), ori_shape=(40, 60)))
        sample = packed['data_samples']
        mask = sample.valid_mask.data
        assert mask.dtype == torch.bool
        assert mask.shape == (1, *packed['inputs'].shape[1:])
        assert 'gt_sem_seg' not in sample
        bright = packed['inputs'][:1] > 100
        wrong = (bright != mask).float().mean()
        # rotation blends the border of the image, not that of the mask
        assert wrong <= (0.02 if name == 'rotate' else 0), wrong
        padded += (~mask).sum()
    assert (padded > 0) == (
        name in ('pad_last', 'pad_then_crop', 'rotate', 'own_pad_anywhere',
                 'swapped_labels', 'all'))


def test_mask_goes_with_labels(image):
    label = np.random.RandomState(1).randint(0, 3, (40, 60)).astype(np.uint8)
    results = dict(img=image, gt_seg_map=label, seg_fields=['gt_seg_map'])
    packed = Compose([
        dict(type='AddValidMask'),
        dict(type='PadSegFields', size=(64, 48)),
        dict(type='RandomFlip', prob=1.),
        dict(type='PackBranchInputs')
    ])(
        results)
    sample = packed['data_samples']
    assert torch.equal(sample.gt_sem_seg.data == 255, ~sample.valid_mask.data)
    inner = sample.gt_sem_seg.data[0, :40, 4:].numpy()
    assert np.array_equal(inner, label[:, ::-1])


def test_mirrored_padding_is_not_valid(image):
    packed = Compose([
        dict(type='AddValidMask'),
        dict(type='PadSegFields', size=(64, 48), padding_mode='reflect'),
        dict(type='PackBranchInputs')
    ])(
        dict(img=image))
    assert packed['data_samples'].valid_mask.data.sum() == 40 * 60


def test_pack_without_mask_is_stock(image):
    results = dict(img=image, img_path='a.png', ori_shape=(40, 60))
    stock = TRANSFORMS.build(dict(type='PackSegInputs'))(results)
    packed = own.PackBranchInputs()(results)
    assert torch.equal(packed['inputs'], stock['inputs'])
    assert packed['data_samples'].metainfo == stock['data_samples'].metainfo
    assert list(packed['data_samples'].keys()) == []


def test_refuses_a_mask_that_lost_the_image(image):
    results = own.AddValidMask()(dict(img=image, img_path='a.png'))
    for shape in ((20, 30), (80, 90)):
        results['img'] = np.zeros((*shape, 3), np.uint8)
        with pytest.raises(ValueError, match=r'does not fit .*a\.png'):
            own.PackBranchInputs()(results)


# photometric transforms


def torchvision_jitter(image, order, factors):
    """Reference: torchvision's formulas, on RGB in [0, 1]."""
    rgb = image[..., ::-1].astype(np.float64) / 255
    for step in order:
        gray = rgb @ [0.2989, 0.587, 0.114]
        factor = factors[step]
        if step == 0:
            rgb = rgb * factor
        elif step == 1:
            rgb = factor * rgb + (1 - factor) * gray.mean()
        elif step == 2:
            rgb = factor * rgb + (1 - factor) * gray[..., None]
        else:
            hsv = cv2.cvtColor(rgb.astype(np.float32), cv2.COLOR_RGB2HSV)
            hsv[..., 0] = (hsv[..., 0] + 360 * factor) % 360
            rgb = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)
        rgb = rgb.clip(0, 1)
    return rgb[..., ::-1] * 255


@pytest.mark.parametrize('dtype', [np.uint8, np.float32])
def test_jitter_is_that_of_torchvision(image, dtype, monkeypatch):
    jitter = own.RandomColorJitter(0.4, 0.4, 0.4, 0.1)
    seen = []
    permutation, uniform = np.random.permutation, np.random.uniform
    monkeypatch.setattr(np.random, 'permutation',
                        lambda n: seen.append(permutation(n)) or seen[-1])
    drawn = []
    monkeypatch.setattr(
        np.random, 'uniform',
        lambda *bounds: drawn.append(uniform(*bounds)) or drawn[-1])
    for seed in range(30):
        np.random.seed(seed)
        seen.clear(), drawn.clear()
        result = jitter(dict(img=image.astype(dtype)))['img']
        assert result.dtype == dtype
        factors = dict(zip(seen[0].tolist(), drawn))
        expected = torchvision_jitter(image, seen[0], factors)
        worst = np.abs(result.astype(float) - expected).mean()
        assert worst < 3, f'seed {seed}: mean difference {worst}'


def test_jitter_draws_from_its_ranges():
    jitter = own.RandomColorJitter(0.4, (0.5, 2), 1.5, 0.1)
    assert jitter.brightness == (0.6, 1.4)
    assert jitter.contrast == (0.5, 2)
    assert jitter.saturation == (0, 2.5)
    assert jitter.hue == (-0.1, 0.1)
    assert own.RandomColorJitter().hue is None


def test_jitter_orders_are_random(image, monkeypatch):
    called = []
    for name in ('brightness', 'contrast', 'color'):
        monkeypatch.setattr(
            mmcv,
            f'adjust_{name}',
            lambda img, f, n=name: called.append(n) or img)
    np.random.seed(0)
    orders = set()
    for _ in range(60):
        called.clear()
        own.RandomColorJitter(0.4, 0.4, 0.4)(dict(img=image))
        orders.add(tuple(called))
    assert len(orders) == 6


@pytest.mark.parametrize('kind', [
    own.RandomColorJitter(0.9, prob=0.3),
    own.RandomGaussianBlur((2, 3), prob=0.3)
])
def test_probability(kind, image):
    np.random.seed(0)
    changed = sum(not np.array_equal(kind(dict(img=image))['img'], image)
                  for _ in range(400))
    assert 90 < changed < 150


def test_changes_no_image_in_place(image):
    before = image.copy()
    for kind in (own.RandomColorJitter(0.9, 0.9, 0.9,
                                       0.4), own.RandomGaussianBlur(prob=1.)):
        kind(dict(img=image))
        assert np.array_equal(image, before)


def test_hue_turns_both_ways():
    red = np.zeros((2, 2, 3), np.uint8)
    red[..., 2] = 255
    green, blue = shift_hue(red, 1 / 3), shift_hue(red, -1 / 3)
    assert green[0, 0].argmax() == 1 and blue[0, 0].argmax() == 0
    assert np.array_equal(shift_hue(red, 0.), red)


def test_blur_widens_with_sigma(image):
    sharp = np.zeros((41, 41, 3), np.float32)
    sharp[20, 20] = 1
    for sigma in (1., 2.):
        blurred = own.RandomGaussianBlur((sigma, sigma), 1.)(dict(img=sharp))
        weight = blurred['img'][..., 0]
        rows = np.arange(41) - 20
        variance = (weight.sum(1) * rows**2).sum() / weight.sum()
        assert abs(variance**0.5 - sigma) < 0.1


@pytest.mark.parametrize('build', [
    lambda: own.RandomColorJitter(brightness=-1),
    lambda: own.RandomColorJitter(hue=0.6),
    lambda: own.RandomColorJitter(contrast=(2, 1)),
    lambda: own.RandomColorJitter(saturation=(1, 2, 3)),
    lambda: own.RandomColorJitter(prob=2),
    lambda: own.RandomGaussianBlur(sigma=(0, 1)),
    lambda: own.RandomGaussianBlur(prob=-1),
])
def test_refuses_wrong_settings(build):
    with pytest.raises(ValueError, match='must be'):
        build()


def test_stock_grayscale_makes_the_strong_view_grey(image):
    gray = TRANSFORMS.build(
        dict(
            type='RandomGrayscale',
            prob=1.,
            keep_channels=True,
            channel_weights=(0.114, 0.587, 0.299)))
    result = gray(dict(img=image))['img']
    assert result.shape == image.shape and result.dtype == np.uint8
    assert np.array_equal(result[..., 0], result[..., 2])
    expected = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    assert np.abs(result[..., 1].astype(int) - expected).max() <= 1
