from types import SimpleNamespace

import pytest
from mmcv.transforms import Compose
from mmengine.registry import init_default_scope

pytest.importorskip('mmdet')
from mmdet.registry import TRANSFORMS  # noqa: E402

from mmseg_ext.engine.hooks import CheckThingClassesHook  # noqa: E402
from mmseg_ext.models.seg_heads import OneFormerFusionHead  # noqa: E402

CLASSES = ('sky', 'road', 'car', 'sign')


def loader(things=('car', 'sign'), transforms=(), classes=CLASSES):
    metainfo = dict(classes=classes)
    if things is not None:
        metainfo['thing_classes'] = things
    init_default_scope('mmdet')
    pipeline = Compose([TRANSFORMS.build(cfg) for cfg in transforms])
    leaf = SimpleNamespace(metainfo=metainfo, pipeline=pipeline)
    return SimpleNamespace(dataset=SimpleNamespace(dataset=leaf))


def sample_task(*things):
    return dict(
        type='SampleSegmentationTask',
        class_names=CLASSES,
        thing_classes=things)


def runner(thing_classes, train=None, val=None, test=None):
    head = OneFormerFusionHead(2, 2, thing_classes=thing_classes)
    return SimpleNamespace(
        model=SimpleNamespace(panoptic_fusion_head=head),
        train_dataloader=train or loader(),
        val_loop=val,
        val_dataloader=val,
        test_dataloader=test)


def test_the_same_things():
    hook = CheckThingClassesHook()
    train = loader(transforms=[sample_task('sign', 'car')])
    good = runner([2, 3], train, loader(), loader())
    hook.before_train(good)
    hook.before_val(good)
    hook.before_test(good)
    # the data does not say, has other classes, or nobody counts
    hook.before_train(runner(None, loader(None)))
    hook.before_train(runner(None, loader(classes=CLASSES[1:])))
    stock = SimpleNamespace(model=SimpleNamespace(roi_head=None))
    hook.before_train(stock)


@pytest.mark.parametrize('mode, loaders, field', [
    ('train', dict(), 'train_dataloader.dataset.dataset.metainfo'),
    ('train', dict(train=loader(None), val=loader()), 'val_dataloader'),
    ('train', dict(train=loader(None, [sample_task('car', 'sign')])),
     'pipeline SampleSegmentationTask'),
    ('val', dict(val=loader()), 'val_dataloader'),
    ('test', dict(test=loader()), 'test_dataloader'),
])
def test_other_things(mode, loaders, field):
    """The first classes, where nobody has told the model."""
    hook = CheckThingClassesHook()
    with pytest.raises(
            ValueError,
            match=r'model.panoptic_fusion_head.thing_classes counts sky, road '
            rf'\(classes \[0, 1\]\), but .*{field}.*thing_classes car, sign '):
        getattr(hook, f'before_{mode}')(runner(None, **loaders))
