from types import SimpleNamespace

import cv2
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from mmseg.utils import register_all_modules
from toys import fake_runner

import mmseg_ext  # noqa: F401
from mmseg_ext.engine import (PositionAttentionVisualizationHook,
                              ShapeStreamVisualizationHook)

register_all_modules()

NORM = dict(type='BN')
BACKBONE = dict(type='ResNetV1c', depth=18, base_channels=4, stem_channels=4)
COMMON = dict(
    num_classes=3,
    channels=8,
    dropout_ratio=0,
    norm_cfg=NORM,
    align_corners=False)


def gscnn():
    head = dict(
        type='GSCNNHead',
        in_channels=[8, 16, 32],
        in_index=[1, 2, 3],
        low_level_index=0,
        low_level_channels=4,
        low_level_projection=4,
        shape_channels=(4, 4, 3, 2),
        stem_index=4,
        stem_channels=4,
        image_index=5,
        dilations=(1, 2),
        **COMMON)
    return build('ShapeStreamEncoderDecoder', head, stem_layer='stem')


def danet(type='EfficientDAHead', **kwargs):
    head = dict(
        dict(
            type=type,
            in_channels=32,
            in_index=3,
            pam_channels=4,
            loss_decode=dict(type='CrossEntropyLoss'),
            **COMMON), **kwargs)
    return build('EncoderDecoder', head)


def build(type, head, **kwargs):
    torch.manual_seed(0)
    return MODELS.build(
        ConfigDict(
            type=type,
            data_preprocessor=dict(
                type='SegDataPreProcessor',
                mean=[120.] * 3,
                std=[60.] * 3,
                bgr_to_rgb=True),
            backbone=BACKBONE,
            decode_head=head,
            test_cfg=dict(mode='whole'),
            **kwargs)).eval()


def validate(hook, model, tmp_path, batches=3, mode='val'):
    """Run a validation as the runner would, with two images a batch."""
    shown = []
    visualizer = SimpleNamespace(
        add_image=lambda name, image, step: shown.append((name, step)))
    loader = SimpleNamespace(
        dataset=SimpleNamespace(metainfo=dict(classes=('a', 'b', 'c'))))
    runner = fake_runner(
        model,
        log_dir=str(tmp_path),
        visualizer=visualizer,
        **{f'{mode}_dataloader': loader})
    runner.iter = 5
    hook.before_run(runner)
    getattr(hook, f'before_{mode}_epoch')(runner)
    for i in range(batches):
        getattr(hook, f'before_{mode}_iter')(runner, i)
        samples = [
            SegDataSample(
                gt_sem_seg=PixelData(
                    data=torch.randint(3, (1, 64, 96), dtype=torch.uint8)),
                metainfo=dict(
                    ori_shape=(64, 96),
                    img_shape=(64, 96),
                    pad_shape=(64, 96),
                    padding_size=[0] * 4)) for _ in range(2)
        ]
        with torch.no_grad():
            outputs = model.predict(torch.randn(2, 3, 64, 96), samples)
        getattr(hook, f'after_{mode}_iter')(runner, i, outputs=outputs)
    getattr(hook, f'after_{mode}_epoch')(runner)
    return shown


def hooks_of(model):
    return sum(
        len(m._forward_hooks) + len(m._forward_pre_hooks)
        for m in model.modules())


@pytest.mark.parametrize('mode', ['val', 'test'])
@pytest.mark.parametrize('make, hook, folder, columns', [
    (gscnn, ShapeStreamVisualizationHook, 'shape_stream', 8),
    (danet, PositionAttentionVisualizationHook, 'position_attention', 5),
])
def test_sheet_of_a_validation(make, hook, folder, columns, mode, tmp_path):
    model = make()
    attached = hooks_of(model)
    shown = validate(hook(num_images=3), model, tmp_path, mode=mode)
    name, step = ('iter_5', 5) if mode == 'val' else ('test', 0)
    assert shown == [(folder, step)]
    sheet = cv2.imread(str(tmp_path / f'vis_data/{folder}/{name}.png'))
    # three rows of panels with a title, 256 wide with a gap of 4
    assert sheet.shape[1] == columns * 260
    assert sheet.shape[0] == 3 * (18 + 171 + 4)
    assert hooks_of(model) == attached


@pytest.mark.parametrize('size, columns', [
    ((64, 96), [0] * 48 + [1] * 48),
    ((64, 48), [0] * 48),
    ((64, 128), [0] * 48 + [1] * 48 + [255] * 32),
])
def test_labels_lie_where_the_head_saw_them(size, columns):
    """The image, its first window, or the image and padding."""
    labels = torch.zeros(1, 128, 192, dtype=torch.uint8)  # twice the size
    labels[..., 96:] = 1
    sample = SegDataSample(metainfo=dict(img_shape=(64, 96)))
    part = PositionAttentionVisualizationHook().part_seen(labels, sample, size)
    assert part[0, 0, ::2].tolist() == columns
    assert part.shape == (1, 128, 2 * size[1])


def test_stock_head(tmp_path):
    assert validate(PositionAttentionVisualizationHook(), danet('DAHead'),
                    tmp_path)


def test_other_models_are_refused(tmp_path):
    with pytest.raises(TypeError, match='GSCNNHead'):
        validate(ShapeStreamVisualizationHook(), danet(), tmp_path)
    channels_alone = danet(with_pam=False)
    with pytest.raises(TypeError, match='position attention'):
        validate(PositionAttentionVisualizationHook(), channels_alone,
                 tmp_path)


@pytest.mark.parametrize('points', [[(1.2, 0.5)], [(0.5, 0.5, 0.5)]])
def test_points_outside_are_refused(points):
    with pytest.raises(ValueError, match='points'):
        PositionAttentionVisualizationHook(points=points)


def test_number_of_images_is_checked():
    with pytest.raises(ValueError, match='num_images'):
        ShapeStreamVisualizationHook(num_images=0)
