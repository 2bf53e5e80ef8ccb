"""OneFormer's head and detector; outputs are checked by the converter."""
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip('mmdet')
sys.path.append(str(Path(__file__).resolve().parents[1]))

from mmdet.models.dense_heads import Mask2FormerHead  # noqa: E402
from mmdet.structures import DetDataSample  # noqa: E402
from mmdet.structures.mask import BitmapMasks  # noqa: E402
from mmengine.structures import InstanceData  # noqa: E402
from oneformer_toy import build_model, model_config  # noqa: E402

from mmseg_ext.models.layers import FusedMultiheadAttention  # noqa: E402
from mmseg_ext.models.layers import bag_deform_attn  # noqa: E402

TASKS = ('panoptic', 'instance', 'semantic')


@pytest.fixture(scope='module')
def model():
    torch.manual_seed(0)
    return build_model()


def samples(counts=(3, 2), tasks=('panoptic', 'instance'), num_texts=7):
    """Training samples of 64 x 96 with so many targets."""
    found = []
    rng = np.random.RandomState(0)
    for count, task in zip(counts, tasks):
        texts = ['a photo with a cat'] * count + ['a panoptic photo'] * (
            num_texts - count)
        masks = [
            rng.randint(0, 2, (8, 12)).repeat(8, 0).repeat(8, 1)
            for _ in range(count)
        ]
        sample = DetDataSample(
            metainfo=dict(
                task=task,
                texts=texts[:num_texts],
                img_path='cat.jpg',
                img_shape=(64, 96),
                ori_shape=(64, 96),
                batch_input_shape=(64, 96)))
        sample.gt_instances = InstanceData(
            labels=torch.arange(count) % 7,
            masks=BitmapMasks([m.astype(np.uint8) for m in masks], 64, 96))
        found.append(sample)
    return found


def losses(model, data, seed=0):
    torch.manual_seed(seed)
    return model.loss(torch.randn(len(data), 3, 64, 96), data)


def test_every_parameter_learns(model):
    """Also where an image, or the whole batch, has no target."""
    for counts in ((3, 2), (3, 0), (0, 0)):
        found = losses(model, samples(counts))
        assert len(found) == 3 * 4 + 1
        assert all(torch.isfinite(value) for value in found.values())
        if counts == (0, 0):
            assert found['loss_mask'] == found['d0.loss_dice'] == 0
        model.zero_grad()
        sum(found.values()).backward()
        assert all(p.grad is not None for p in model.parameters())


def test_losses_are_those_of_mmdet(model, monkeypatch):
    """Values and gradients of the stock head at the same points."""

    def same_points(*size, device=None, dtype=None):
        size = size[0] if isinstance(size[0], tuple) else size
        generator = torch.Generator().manual_seed(size[-2])
        numbers = torch.empty(size[-2:]).uniform_(generator=generator)
        return numbers.expand(size).clone()

    model = model.eval()
    head = model.panoptic_head
    data = samples((3, 2))
    features = [
        f.detach() for f in model.extract_feat(torch.randn(2, 3, 64, 96))
    ]
    metas = [sample.metainfo for sample in data]
    targets = head.preprocess_gt([s.gt_instances for s in data], [None] * 2)
    monkeypatch.setattr(torch, 'rand', same_points)
    results = []
    for stock in (False, True):
        model.zero_grad()
        if stock:
            scores, masks = head(features, data)
            wanted = [
                InstanceData(labels=t.labels, masks=t.masks.long())
                for t in targets
            ]
            found = Mask2FormerHead.loss_by_feat(head, scores, masks, wanted,
                                                 metas)
        else:
            sets, _ = head._predict_sets(features,
                                         [[m['task']] for m in metas])
            found = head.loss_by_sets(sets, targets, metas)
        sum(found.values()).backward()
        grads = torch.cat([
            p.grad.flatten() for p in head.parameters() if p.grad is not None
        ])
        results.append((found, grads))
    (ours, our_grads), (theirs, their_grads) = results
    assert ours.keys() == theirs.keys()
    for key, value in theirs.items():
        assert abs(float(ours[key]) - float(value)) < 1e-5, key
    assert (our_grads - their_grads).norm() < 1e-4 * their_grads.norm()


def test_more_targets_than_queries(model):
    found = losses(model, samples((12, 2)))
    assert all(torch.isfinite(value) for value in found.values())


def test_deep_supervision_keeps_masks_of_targets_only(model):
    """What the backward pass keeps of masks grows with the targets."""
    head = model.panoptic_head
    data = samples((1, 1))
    features = model.extract_feat(torch.randn(2, 3, 64, 96))
    targets = head.preprocess_gt([s.gt_instances for s in data], [None] * 2)
    metas = [s.metainfo for s in data]
    sizes = []

    def pack(tensor):
        if tensor.dim() == 4 and tensor.shape[-2:] == (16, 24):
            sizes.append(tuple(tensor.shape))
        return tensor

    sets, _ = head._predict_sets(features, [[m['task']] for m in metas])
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        head.loss_by_sets(sets, targets, metas)
    # one target, four sets; ten queries have no mask
    masks = [size for size in sizes if size[1] != 64]
    assert masks and set(masks) == {(4, 1, 16, 24)}


def test_tasks_share_one_pass(model):
    """Three tasks together are each what it is alone."""
    model = model.eval()
    data = samples()
    with torch.no_grad():
        features = model.extract_feat(torch.randn(2, 3, 64, 96))
        together = {
            task: rest
            for task, *rest in model.panoptic_head.predict(
                features, data, TASKS)
        }
        assert not torch.allclose(together['panoptic'][0],
                                  together['instance'][0])
        for task in TASKS:
            ((_, *alone), ) = model.panoptic_head.predict(features, data, task)
            for one, other in zip(alone, together[task]):
                assert (one - other).abs().max() < 1e-4


def test_task_of_each_image(model):
    """A batch of two tasks is the two tasks one by one."""
    model = model.eval()
    images = torch.randn(2, 3, 64, 96)
    with torch.no_grad():
        features = model.extract_feat(images)
        both, _ = model.panoptic_head(features, samples())
        for index, sample in enumerate(samples()):
            one, _ = model.panoptic_head(
                [f[index:index + 1] for f in features], [sample])
            assert (one[-1][0] - both[-1][index]).abs().max() < 1e-4


def test_predictions(model):
    model = model.eval()
    with torch.no_grad():
        found = model.predict(torch.randn(2, 3, 64, 96), samples())
        assert found[0].pred_sem_seg.sem_seg.shape == (1, 64, 96)
        assert found[0].pred_panoptic_seg.sem_seg.shape == (1, 64, 96)
        assert found[0].pred_instances.masks.shape[1:] == (64, 96)
        one = model.predict(
            torch.randn(1, 3, 64, 96), samples()[:1], tasks='semantic')[0]
        assert 'pred_sem_seg' in one and 'pred_instances' not in one
        model.test_cfg['joint_task'] = 'panoptic'
        found = model.predict(torch.randn(1, 3, 64, 96), samples()[:1])[0]
        del model.test_cfg['joint_task']
        assert 'pred_instances' in found


def test_backbones_of_the_siblings():
    """ConvNeXt as the configs have it, at the size of its smallest."""
    pytest.importorskip('mmpretrain.models')
    sibling = dict(
        type='mmpretrain.ConvNeXt',
        arch=dict(depths=[1, 1, 1, 1], channels=[8, 16, 24, 32]),
        drop_path_rate=0.4,
        out_indices=(0, 1, 2, 3),
        gap_before_final_norm=False)
    transformer = dict(
        type='mmseg.MixVisionTransformer',
        embed_dims=8,
        num_layers=[1, 1, 1, 1],
        num_heads=[1, 2, 3, 4])
    for backbone in (sibling, transformer):
        model = build_model(backbone=backbone, in_channels=[8, 16, 24, 32])
        sum(losses(model, samples()).values()).backward()
        # what is dropped with its path has a gradient too: zero
        assert all(p.grad is not None for p in model.parameters())
        found = model.eval().predict(torch.randn(1, 3, 64, 96), samples()[:1])
        assert found[0].pred_panoptic_seg.sem_seg.shape == (1, 64, 96)


def test_half_precision(model):
    """Pixel decoder, task token and losses stay in float32."""
    dtypes = []
    head = model.train().panoptic_head
    hooks = [
        module.register_forward_hook(lambda m, args, out: dtypes.append(out[
            0].dtype if isinstance(out, tuple) else out.dtype))
        for module in (head.pixel_decoder, head.task_encoder)
    ]
    with torch.autocast('cpu', torch.bfloat16):
        found = losses(model, samples())
    for hook in hooks:
        hook.remove()
    assert set(dtypes) == {torch.float32}
    assert {value.dtype for value in found.values()} == {torch.float32}
    sum(found.values()).backward()


def test_attention_is_that_of_mmcv():
    from mmcv.cnn.bricks.transformer import MultiheadAttention
    torch.manual_seed(0)
    ours = FusedMultiheadAttention(16, 4)
    theirs = MultiheadAttention(16, 4, batch_first=True)
    theirs.load_state_dict(ours.state_dict())
    query, key, pos = (torch.randn(2, n, 16) for n in (5, 7, 7))
    mask = torch.rand(2, 1, 5, 7) > 0.5
    mask[..., 0] = True
    one = ours(query, key, key, key_pos=pos, attn_mask=mask)
    blocked = ~mask.expand(-1, 4, -1, -1).flatten(0, 1)
    other = theirs(query, key, key, key_pos=pos, attn_mask=blocked)
    assert (one - other).abs().max() < 1e-6
    # what is the same for all images is projected once
    one = ours(query, key[:1], key[:1])
    other = theirs(query, key[:1].repeat(2, 1, 1), key[:1].repeat(2, 1, 1))
    assert (one - other).abs().max() < 1e-6


def test_deformable_attention_is_that_of_mmcv():
    """Value and gradients, also of samples beyond the border."""
    from mmcv.ops.multi_scale_deform_attn import \
        multi_scale_deformable_attn_pytorch
    torch.manual_seed(0)
    shapes = torch.tensor([[2, 3], [4, 5]])
    inputs = [
        torch.randn(2, 26, 3, 4),
        torch.rand(2, 7, 3, 2, 2, 2) * 1.6 - 0.3,
        torch.rand(2, 7, 3, 2, 2)
    ]
    results = []
    for attend in (bag_deform_attn, multi_scale_deformable_attn_pytorch):
        value, *others = (x.clone().requires_grad_() for x in inputs)
        out = attend(value, shapes, *others)
        out.square().sum().backward()
        results.append([out, value.grad, *(x.grad for x in others)])
    for one, other in zip(*results):
        assert (one - other).abs().max() < 1e-4 * other.abs().max()


def test_pixel_decoder_with_and_without_gradient(model):
    """Two ways to attend, one result."""
    head = model.eval().panoptic_head
    features = [
        f.detach() for f in model.extract_feat(torch.randn(2, 3, 64, 96))
    ]
    with torch.no_grad():
        quick, _ = head.encode_pixels(features)
    slow, _ = head.encode_pixels(features)
    assert slow.requires_grad and not quick.requires_grad
    assert (quick - slow).abs().max() < 1e-5


def test_query_values(model):
    """The paper's drawing is another network."""
    head = model.eval().panoptic_head
    features = torch.randn(1, 64, 16, 24)
    with torch.no_grad():
        one = head.make_queries(features, [['panoptic']])
        head.query_value = 'features'
        other = head.make_queries(features, [['panoptic']])
        head.query_value = 'position'
    assert one.shape == other.shape == (1, 1, 10, 64)
    assert not torch.allclose(one[:, :, :-1], other[:, :, :-1])
    # the task token is the last query
    assert torch.equal(one[:, :, -1], other[:, :, -1])


@pytest.mark.parametrize('change, message', [
    (dict(out_channels=32), 'out_channels'),
    (dict(query_value='both'), 'query_value'),
    (dict(text_mapper=dict(width=128)), 'text_mapper.width'),
    (dict(text_mapper=dict(width=64, num_ctx=10)), 'num_ctx'),
    (dict(loss_cls=dict(class_weight=[1.] * 133 + [0.1])),
     'panoptic_head.loss_cls.class_weight must have 8 numbers.* has 134'),
    (dict(loss_cls=dict(class_weight=None)), 'class_weight must .* has 0'),
])
def test_refusals_of_the_head(change, message):
    from mmdet.registry import MODELS
    cfg = model_config().panoptic_head
    cfg.update(change)
    with pytest.raises(ValueError, match=message):
        MODELS.build(cfg)


def test_losses_by_default(model):
    """Those of the configs, with weights of as many classes."""
    from mmdet.registry import MODELS
    cfg = model_config()
    del cfg.panoptic_head.loss_cls
    other = MODELS.build(cfg)
    other.load_state_dict(model.state_dict())
    one, two = (losses(m.eval(), samples()) for m in (model, other))
    assert all(torch.equal(one[key], two[key]) for key in one)


def test_training_without_train_cfg():
    from mmdet.registry import MODELS
    cfg = model_config()
    cfg.train_cfg = None
    with pytest.raises(ValueError, match='set model.train_cfg'):
        losses(MODELS.build(cfg), samples())


def test_refusals_of_the_samples(model):
    data = samples()
    data[0].set_metainfo(dict(texts=['a panoptic photo']))
    with pytest.raises(ValueError, match='num_texts must be'):
        losses(model, data)
    with pytest.raises(ValueError, match='meta_keys'):
        model.panoptic_head._check_metas([dict()])
    with pytest.raises(ValueError, match='gt_seg_map'):
        model.panoptic_head.preprocess_gt([None], [object()])
    with pytest.raises(ValueError, match='cat.jpg are not finite'):
        model.panoptic_head.eval()
        broken = build_model()
        torch.nn.init.constant_(broken.panoptic_head.cls_embed.bias,
                                float('nan'))
        losses(broken, samples())


@pytest.mark.parametrize('change, message', [
    (dict(test_cfg=dict(tasks=('depth', ))), 'test_cfg.tasks'),
    (dict(test_cfg=dict(max_per_image=100)), 'max_per_image'),
    (dict(panoptic_fusion_head=dict(num_stuff_classes=5)),
     'num_stuff_classes'),
])
def test_refusals_of_the_detector(change, message):
    from mmdet.registry import MODELS
    cfg = model_config()
    for name, value in change.items():
        cfg[name].update(value)
    with pytest.raises(ValueError, match=message):
        MODELS.build(cfg)


def test_head_without_texts(model):
    """A model that only predicts loads the others' checkpoints."""
    from mmdet.registry import MODELS
    cfg = model_config()
    cfg.panoptic_head.text_mapper = None
    bare = MODELS.build(cfg)
    missing, unexpected = bare.load_state_dict(
        model.state_dict(), strict=False)
    assert not missing
    assert {key.split('.')[1]
            for key in unexpected} == {'text_mapper', 'loss_contrastive'}
    with pytest.raises(ValueError, match='text_mapper is None'):
        losses(bare, samples())
