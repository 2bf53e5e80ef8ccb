import copy

import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.model import BaseModel
from mmengine.structures import PixelData
from mmseg.models import SegDataPreProcessor
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from mmseg_ext.models.data_preprocessors import BranchDataPreprocessor

STOCK = dict(
    type='mmseg.SegDataPreProcessor',
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    bgr_to_rgb=True,
    pad_val=7,
    seg_pad_val=255)


def image(height, width, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(
        256, (3, height, width), dtype=torch.uint8, generator=generator)


def sample(height, width, labeled=True, mask=None, **meta):
    result = SegDataSample(
        metainfo=dict(img_path='a.png', img_shape=(height, width), **meta))
    if labeled:
        result.gt_sem_seg = PixelData(
            data=torch.randint(3, (1, height, width)))
    if mask is not None:
        result.valid_mask = PixelData(data=mask)
    return result


def plain_batch(sizes):
    return dict(
        inputs=[image(*size, i) for i, size in enumerate(sizes)],
        data_samples=[sample(*size) for size in sizes])


def branched_batch(labeled=((20, 30), (24, 18)), unlabeled=((16, 16), )):
    names = ('labeled', 'unlabeled', 'unlabeled_strong')

    def item(height, width, used):
        has_label = used[0] == 'labeled'
        return dict(
            inputs={
                n: image(height, width) if n in used else None
                for n in names
            },
            data_samples={
                n: sample(height, width, has_label) if n in used else None
                for n in names
            })

    return pseudo_collate([item(*size, names[:1]) for size in labeled] +
                          [item(*size, names[1:]) for size in unlabeled])


def build(**kwargs):
    inner = STOCK | (kwargs or dict(size_divisor=8))
    return MODELS.build(
        dict(type='BranchDataPreprocessor', data_preprocessor=inner))


def assert_same_samples(one, two):
    assert len(one) == len(two)
    for a, b in zip(one, two):
        assert a.metainfo == b.metainfo
        assert list(a.keys()) == list(b.keys())
        for key in a.keys():
            assert torch.equal(a.get(key).data, b.get(key).data)


@pytest.mark.parametrize('training', [True, False])
@pytest.mark.parametrize('kwargs', [
    dict(size=(32, 40)),
    dict(size_divisor=8),
    dict(size_divisor=8, test_cfg=dict(size_divisor=32))
])
@pytest.mark.parametrize('sizes', [((20, 30), ), ((20, 30), (20, 30)),
                                   ((20, 30), (24, 18))])
def test_an_ordinary_batch_is_treated_as_by_stock(training, kwargs, sizes):
    if not training and len(set(sizes)) > 1:
        sizes = sizes[:1] * 2  # stock refuses mixed sizes in evaluation
    batch = plain_batch(sizes)
    expected = SegDataPreProcessor(**{
        k: v
        for k, v in (STOCK | kwargs).items() if k != 'type'
    })(copy.deepcopy(batch), training)
    found = build(**kwargs)(batch, training)
    assert torch.equal(found['inputs'], expected['inputs'])
    assert_same_samples(found['data_samples'], expected['data_samples'])
    assert 'valid_mask' not in found['data_samples'][0]


def test_an_ordinary_batch_without_samples_too():
    batch = dict(inputs=[image(20, 30)])
    found = build()(batch, False)
    assert found['inputs'].shape == (1, 3, 20, 30)
    assert found['data_samples'] is None


@pytest.mark.parametrize('training', [True, False])
def test_each_branch_is_treated_as_by_stock(training):
    labeled = ((20, 30), (24, 18)) if training else ((20, 30), (20, 30))
    batch = branched_batch(labeled)
    preprocessor = build()
    found = preprocessor(copy.deepcopy(batch), training)
    assert list(
        found['inputs']) == ['labeled', 'unlabeled', 'unlabeled_strong']
    for branch in found['inputs']:
        alone = dict(
            inputs=[x for x in batch['inputs'][branch] if x is not None],
            data_samples=[
                x for x in batch['data_samples'][branch] if x is not None
            ])
        expected = preprocessor.data_preprocessor(alone, training)
        assert torch.equal(found['inputs'][branch], expected['inputs'])
        for a, b in zip(found['data_samples'][branch],
                        expected['data_samples']):
            assert ('gt_sem_seg' in a) == ('gt_sem_seg' in b) == (
                branch == 'labeled')
            if 'gt_sem_seg' in a:
                assert torch.equal(a.gt_sem_seg.data, b.gt_sem_seg.data)


def test_mask_tells_the_padding_of_the_batch():
    found = build()(branched_batch(((20, 30), (24, 18))), True)
    masks = [s.valid_mask.data for s in found['data_samples']['labeled']]
    assert found['inputs']['labeled'].shape[-2:] == (24, 32)
    for mask, (height, width) in zip(masks, ((20, 30), (24, 18))):
        assert mask.dtype == torch.bool and mask.shape == (1, 24, 32)
        assert mask[:, :height, :width].all()
        assert mask.sum() == height * width
    weak, strong = (
        found['data_samples'][b][0] for b in ('unlabeled', 'unlabeled_strong'))
    assert torch.equal(weak.valid_mask.data, strong.valid_mask.data)


def test_mask_of_the_pipeline_is_kept_and_padded():
    mask = torch.rand(1, 20, 30) > 0.3
    batch = dict(
        inputs=dict(target=[image(20, 30), image(10, 34)]),
        data_samples=dict(target=[
            sample(20, 30, False, mask, pad_shape=(20, 30, 3)),
            sample(10, 34, False)
        ]))
    found = build(size=(32, 40))(batch, True)['data_samples']['target']
    assert torch.equal(found[0].valid_mask.data[:, :20, :30], mask)
    assert found[0].valid_mask.data.sum() == mask.sum()
    assert found[1].valid_mask.data.sum() == 340
    assert found[1].metainfo['padding_size'] == (0, 6, 0, 22)
    assert found[1].metainfo['pad_shape'] == (32, 40)


def test_batch_of_one_and_mixed_sizes():
    found = build(size_divisor=1)(branched_batch(((20, 30), ), ()), True)
    assert list(found['inputs']) == ['labeled']
    assert found['inputs']['labeled'].shape == (1, 3, 20, 30)
    found = build(size_divisor=1)(branched_batch(((20, 30), ),
                                                 ((9, 31), (33, 8))), True)
    assert found['inputs']['unlabeled'].shape == (2, 3, 33, 31)


def test_leaves_the_loaders_samples_alone():
    batch = branched_batch()
    before = copy.deepcopy(batch)
    build()(batch, True)
    for branch, samples in batch['data_samples'].items():
        for a, b in zip(samples, before['data_samples'][branch]):
            if a is not None:
                assert_same_samples([a], [b])


def test_evaluation_adds_no_mask():
    found = build()(branched_batch(((20, 30), )), False)
    assert 'valid_mask' not in found['data_samples']['unlabeled'][0]


def test_refuses_padding_without_a_trace():
    batch = dict(
        inputs=dict(unlabeled=[image(20, 30)]),
        data_samples=dict(
            unlabeled=[sample(20, 30, False, pad_shape=(20, 30, 3))]))
    with pytest.raises(ValueError, match=r"'unlabeled' was padded .*a\.png"):
        build()(batch, True)


def test_refuses_a_mask_of_another_size():
    mask = torch.ones(1, 10, 10, dtype=torch.bool)
    batch = dict(
        inputs=dict(unlabeled=[image(20, 30)]),
        data_samples=dict(unlabeled=[sample(20, 30, False, mask)]))
    with pytest.raises(ValueError, match=r'\(10, 10\) does not fit'):
        build()(batch, True)


def test_refuses_an_empty_batch():
    batch = dict(inputs=dict(a=[None]), data_samples=dict(a=[None]))
    with pytest.raises(ValueError, match='No branch'):
        build()(batch, True)


def test_inner_attributes_can_be_read():
    preprocessor = build(size=(32, 40))
    assert preprocessor.size == (32, 40)
    assert preprocessor.size_divisor is None
    assert preprocessor.pad_val == 7
    assert preprocessor.mean.shape == (3, 1, 1)
    with pytest.raises(AttributeError, match='no_such_thing'):
        preprocessor.no_such_thing


class Model(BaseModel):

    def forward(self, inputs, data_samples=None, mode='tensor'):
        return inputs


@pytest.mark.parametrize('move', [
    lambda model: model.to('meta'),
    lambda model: model.data_preprocessor.to('meta')
])
def test_goes_to_the_model_s_device(move):
    # 'meta' stands in for an accelerator: tensors on it are recognisable.
    model = Model(
        dict(
            type='BranchDataPreprocessor',
            data_preprocessor=STOCK | dict(size_divisor=8)))
    assert model.data_preprocessor.device == torch.device('cpu')
    move(model)
    preprocessor = model.data_preprocessor
    assert preprocessor.device.type == 'meta'
    assert preprocessor.data_preprocessor.device.type == 'meta'
    found = preprocessor(branched_batch(((20, 30), )), True)
    for branch in found['inputs']:
        assert found['inputs'][branch].device.type == 'meta'
        for item in found['data_samples'][branch]:
            assert item.valid_mask.data.device.type == 'meta'
            if branch == 'labeled':
                assert item.gt_sem_seg.data.device.type == 'meta'


def test_adds_nothing_to_the_checkpoint():
    assert list(build().state_dict()) == []


def test_takes_a_built_preprocessor():
    inner = SegDataPreProcessor(size_divisor=4)
    assert BranchDataPreprocessor(inner).data_preprocessor is inner
    assert isinstance(BranchDataPreprocessor().data_preprocessor,
                      SegDataPreProcessor)
