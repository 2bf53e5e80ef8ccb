import copy

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData

import mmseg_ext  # noqa: F401

pytest.importorskip('mmdet')
from mmdet.registry import MODELS  # noqa: E402  isort: skip
from mmdet.structures import DetDataSample  # noqa: E402  isort: skip
from mmdet.structures.mask import BitmapMasks  # noqa: E402  isort: skip

SIZE = (64, 96)


@pytest.fixture(autouse=True)
def scope():
    with DefaultScope.overwrite_default_scope('mmdet'):
        yield


@pytest.fixture(scope='module')
def tiny(repo):
    """The tiny model, narrower still."""
    cfg = Config.fromfile(str(repo / 'configs/_base_/models/panet_tiny.py'))
    cfg = cfg.model
    norm = dict(type='GN', num_groups=4)
    cfg.backbone.update(base_channels=8, norm_cfg=norm)
    cfg.neck.update(
        in_channels=[8, 16, 32, 64],
        out_channels=16,
        norm_cfg=norm,
        bottom_up_norm_cfg=norm)
    cfg.rpn_head.update(in_channels=16, feat_channels=16)
    for extractor in ('bbox_roi_extractor', 'mask_roi_extractor'):
        cfg.roi_head[extractor].out_channels = 16
    for head in ('bbox_head', 'mask_head'):
        cfg.roi_head[head].update(
            in_channels=16, conv_out_channels=16, num_classes=3, norm_cfg=norm)
    cfg.roi_head.bbox_head.fc_out_channels = 16
    return cfg


def build(cfg, **kwargs):
    torch.manual_seed(0)
    cfg = copy.deepcopy(cfg)
    cfg.update(kwargs)
    model = MODELS.build(cfg)
    model.init_weights()
    return model


def sample(boxes=((8, 8, 40, 40), (50, 10, 90, 60)), crowd=()):

    def instances(boxes):
        masks = np.zeros((len(boxes), *SIZE), np.uint8)
        for mask, (x1, y1, x2, y2) in zip(masks, boxes):
            mask[y1:y2, x1:x2] = 1
        return InstanceData(
            bboxes=torch.tensor(boxes, dtype=torch.float32).view(-1, 4),
            labels=torch.arange(len(boxes)) % 3,
            masks=BitmapMasks(masks, *SIZE))

    result = DetDataSample(
        metainfo=dict(
            img_shape=SIZE,
            ori_shape=SIZE,
            batch_input_shape=SIZE,
            pad_shape=SIZE,
            scale_factor=(1., 1.)))
    result.gt_instances = instances(boxes)
    result.ignored_instances = instances(crowd)
    return result


def total(model, samples):
    torch.manual_seed(1)
    losses = model.loss(torch.randn(len(samples), 3, *SIZE), samples)
    return losses, model.parse_losses(losses)[0]


CASES = dict(
    two_images=[sample(), sample(((0, 0, 20, 60), ))],
    one_image=[sample()],
    one_without_objects=[sample(), sample(())],
    none_with_objects=[sample(())],
    crowd_alone=[sample((), ((0, 0, 96, 64), ))],
)


@pytest.mark.parametrize('case', CASES)
def test_every_parameter_gets_a_finite_gradient(tiny, case):
    """As in all other cases, so that ranks never disagree."""
    model = build(tiny)
    losses, loss = total(model, copy.deepcopy(CASES[case]))
    assert {'loss_rpn_cls', 'loss_cls', 'loss_bbox', 'loss_mask'} <= {*losses}
    loss.backward()
    bad = [
        name for name, p in model.named_parameters()
        if p.requires_grad and (p.grad is None or not p.grad.isfinite().all())
    ]
    assert loss.isfinite() and bad == []
    if case in ('none_with_objects', 'crowd_alone'):
        assert losses['loss_mask'] == 0


def test_no_proposal_and_no_object_in_training(tiny):
    """Not one RoI: the stock head leaves its losses out."""
    model = build(tiny)
    model.train_cfg.rpn_proposal.min_bbox_size = 1000
    losses, loss = total(model, [sample(())])
    assert losses['loss_cls'] == losses['loss_bbox'] == 0
    loss.backward()
    assert all(p.grad is not None for p in model.roi_head.parameters())


def test_predicts_also_without_a_proposal(tiny):
    model = build(tiny).eval()
    with torch.no_grad():
        for smallest in (0, 1000):
            model.test_cfg.rpn.min_bbox_size = smallest
            found = model.predict(
                torch.randn(2, 3, *SIZE), [sample(), sample()])
            for result in found:
                masks = result.pred_instances.masks
                assert masks.shape[1:] == SIZE
                assert (len(masks) == 0) == (smallest > 0)


def roi_losses(model, rpn_results, levels):
    samples = [sample(((20, 20, 44, 44), ))]
    return model.parse_losses(
        model.roi_head.loss(levels, rpn_results, samples))[0]


def test_a_small_box_teaches_every_level(tiny):
    """The stock extractor gives it to the finest level alone."""
    single = copy.deepcopy(tiny)
    for part in ('bbox', 'mask'):
        single.roi_head[f'{part}_roi_extractor'].type = 'SingleRoIExtractor'
        single.roi_head[f'{part}_head'].num_levels = 1
    box = InstanceData(
        bboxes=torch.tensor([[20., 20., 44., 44.]]), scores=torch.ones(1))
    for cfg, reached in ((tiny, [True] * 4), (single, [True] + [False] * 3)):
        model = build(cfg)
        torch.manual_seed(0)
        levels = [
            torch.randn(1, 16, 64 // s, 96 // s, requires_grad=True)
            for s in (4, 8, 16, 32)
        ]
        roi_losses(model, [copy.deepcopy(box)], levels).backward()
        assert [bool(level.grad.any()) for level in levels] == reached


def test_a_plain_mask_rcnn_takes_the_parts(tiny):
    ours, plain = build(tiny), build(tiny, type='MaskRCNN')
    assert ours.state_dict().keys() == plain.state_dict().keys()
    images = [sample()]
    assert total(ours,
                 copy.deepcopy(images))[1] == total(plain,
                                                    copy.deepcopy(images))[1]


def test_without_masks(tiny):
    cfg = copy.deepcopy(tiny)
    cfg.roi_head.update(mask_roi_extractor=None, mask_head=None)
    model = build(cfg)
    assert not any('mask' in name for name, _ in model.named_parameters())
    assert 'loss_mask' not in total(model, [sample()])[0]


def test_cascade(tiny):
    """Three stages, each with parts of its own."""
    cfg = copy.deepcopy(tiny)
    heads = cfg.roi_head
    heads.type = 'CascadeRoIHead'
    heads.update(num_stages=3, stage_loss_weights=[1, .5, .25])
    heads.bbox_head.reg_class_agnostic = True
    for name in ('bbox_head', 'mask_head', 'bbox_roi_extractor',
                 'mask_roi_extractor'):
        heads[name] = [copy.deepcopy(heads[name]) for _ in range(3)]
    cfg.train_cfg.rcnn = [copy.deepcopy(cfg.train_cfg.rcnn) for _ in range(3)]
    model = build(cfg, type='CascadeRCNN')
    losses, loss = total(model, [sample()])
    loss.backward()
    assert 's2.loss_mask' in losses and loss.isfinite()
    model.eval()
    assert model.predict(torch.randn(1, 3, *SIZE), [sample()])


def test_bfloat16(tiny):
    model = build(tiny)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        loss = total(model, [sample()])[1]
    loss.backward()
    assert loss.isfinite()


def test_as_the_benchmark_tool_builds_it(tiny):
    assert build(tiny, train_cfg=None, pretrained=None).train_cfg is None
    with pytest.raises(ValueError, match='model.backbone.init_cfg'):
        build(tiny, pretrained='torchvision://resnet18')
