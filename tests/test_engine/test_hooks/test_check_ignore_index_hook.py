from types import SimpleNamespace

import pytest
from mmcv.transforms import Compose
from mmengine.registry import init_default_scope
from mmseg.registry import TRANSFORMS

from mmseg_ext.engine.hooks import CheckIgnoreIndexHook

CLASSES = ('a', 'b', 'background')


def runner(ignored=1001, pad=1001, head=1001, auxiliary=1001, pipeline=()):
    init_default_scope('mmseg')
    transforms = [TRANSFORMS.build(transform) for transform in pipeline]
    dataset = SimpleNamespace(
        ignore_index=ignored, pipeline=Compose(transforms))
    heads = [
        SimpleNamespace(num_classes=3, ignore_index=value)
        for value in (head, auxiliary)
    ]
    model = SimpleNamespace(
        data_preprocessor=SimpleNamespace(seg_pad_val=pad),
        decode_head=heads[0],
        auxiliary_head=[heads[1]])
    return SimpleNamespace(
        model=model, train_dataloader=SimpleNamespace(dataset=dataset))


def test_all_agree():
    CheckIgnoreIndexHook().before_train(
        runner(pipeline=[
            dict(type='RandomCrop', crop_size=(4, 4), ignore_index=1001),
            dict(type='Pad', size=(4, 4), pad_val=dict(img=0, seg=1001)),
        ]))
    CheckIgnoreIndexHook().before_train(
        runner(255, 255, 255, 255, [dict(type='RandomCrop', crop_size=4)]))


@pytest.mark.parametrize('kwargs,field', [
    (dict(pad=255), 'model.data_preprocessor.seg_pad_val'),
    (dict(head=255), 'model.decode_head.ignore_index'),
    (dict(auxiliary=255), r'model.auxiliary_head\[0\].ignore_index'),
    (dict(pipeline=[dict(type='RandomCrop', crop_size=(4, 4))]),
     'RandomCrop.ignore_index'),
    (dict(pipeline=[dict(type='Pad', size=(4, 4), pad_val=dict(seg=255))]),
     'Pad.pad_val.seg'),
    (dict(pipeline=[dict(type='RandomRotate', prob=1., degree=9.)]),
     'RandomRotate.seg_pad_val'),
])
def test_one_part_differs(kwargs, field):
    with pytest.raises(ValueError, match=f'{field} is 255, but .* 1001'):
        CheckIgnoreIndexHook().before_train(runner(**kwargs))
