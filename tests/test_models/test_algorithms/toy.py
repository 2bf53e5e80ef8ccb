"""A tiny segmentor, filter and batch for tests of algorithms."""
import copy

import mmseg_ext  # noqa: F401

# isort: split
import torch
from mmengine.config import ConfigDict
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from mmseg.utils import register_all_modules

register_all_modules()
BN = dict(type='BN')
NUM_CLASSES = 4

BACKBONE = dict(
    type='ResNetV1c',
    depth=18,
    stem_channels=8,
    base_channels=8,
    strides=(1, 2, 1, 1),
    norm_cfg=BN)

SEGMENTOR = ConfigDict(
    type='EncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor', mean=[127.] * 3, std=[50.] * 3),
    backbone=BACKBONE,
    decode_head=dict(
        type='FCNHead',
        in_channels=64,
        channels=16,
        num_convs=1,
        concat_input=False,
        num_classes=NUM_CLASSES,
        norm_cfg=BN,
        dropout_ratio=0.1,
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True)),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'))

LOCALIZATION = dict(
    type='ErrorLocalizationNetwork',
    backbone=dict(
        type='ResNetV1c',
        depth=18,
        stem_channels=8,
        base_channels=8,
        norm_cfg=BN),
    decode_head=dict(
        type='FCNHead',
        in_channels=64,
        channels=8,
        num_convs=1,
        concat_input=False,
        norm_cfg=BN))

CONTRAST = dict(type='PixelContrastLoss', num_windows=2, window_size=8)


def build_eln(segmentor=SEGMENTOR, **options):
    """An ELN of tiny networks, initialised, in train mode."""
    options = dict(
        type='ELN',
        segmentor=copy.deepcopy(segmentor),
        pseudo_filter=LOCALIZATION,
        projector=dict(type='PixelProjector', out_channels=8),
        loss_contrast=CONTRAST) | options
    model = MODELS.build(ConfigDict(options))
    model.init_weights()
    return model.train()


def in_stage(model, name, simulate=True):
    """Bring a model into a stage as the hooks do."""
    model.error_simulation = simulate and name != 'pretrain'
    model.set_stage(name)
    model.enter_stage(name)
    return model


def sample(height, width, labels=None, valid=None):
    if valid is None:
        valid = torch.ones(1, height, width, dtype=torch.bool)
    result = SegDataSample(
        metainfo=dict(
            img_shape=(height, width),
            ori_shape=(height, width),
            pad_shape=(height, width),
            padding_size=[0, 0, 0, 0]))
    result.valid_mask = PixelData(data=valid)
    if labels is not None:
        result.gt_sem_seg = PixelData(data=labels)
    return result


def make_batch(num=2, height=32, width=40, seed=0, labels=None):
    """A preprocessed batch of all three branches."""
    generator = torch.Generator().manual_seed(seed)

    def images():
        return torch.randn(num, 3, height, width, generator=generator)

    if labels is None:
        labels = torch.randint(
            NUM_CLASSES, (num, 1, height, width), generator=generator)
        labels[:, :, :2] = 255
    weak = images()
    inputs = dict(
        labeled=images(), unlabeled=weak, unlabeled_strong=weak + 0.1)
    samples = dict(
        labeled=[sample(height, width, label) for label in labels],
        unlabeled=[sample(height, width) for _ in range(num)],
        unlabeled_strong=[sample(height, width) for _ in range(num)])
    return inputs, samples


def loss_sum(losses, *words):
    """Sum of the losses whose names hold one of the words, or of all."""
    return sum(value for name, value in losses.items()
               if 'loss' in name and (not words or any(w in name
                                                       for w in words)))


def trained(module):
    """Names of the parameters that have a gradient, zero or not."""
    return {
        name
        for name, param in module.named_parameters() if param.grad is not None
    }
