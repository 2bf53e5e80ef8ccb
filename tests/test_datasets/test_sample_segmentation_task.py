"""A map of two persons, a crowd, two segments of sky, a road and void."""
import numpy as np
import pytest
from PIL import Image

pytest.importorskip('mmdet')

from mmengine.registry import init_default_scope  # noqa: E402

from mmseg_ext.datasets.transforms import LoadPanopticSegments  # noqa: E402
from mmseg_ext.datasets.transforms import SampleSegmentationTask  # noqa: E402

CLASSES = ('sky', 'person', 'road')
TABLE = dict(class_names=CLASSES, thing_classes=('person', ))
MAP = np.array([
    [1, 1, 0, 2, 2, 2],
    [1, 1, 0, 2, 2, 2],
    [3, 3, 4, 4, 5, 5],
    [3, 3, 4, 4, 5, 5],
    [0, 0, 0, 0, 5, 5],
    [0, 0, 0, 0, 5, 5],
])
# id: category, is_thing as mmdet gives it (a crowd is none)
SEGMENTS = {
    1: (0, False),
    2: (0, False),
    3: (1, True),
    4: (1, True),
    5: (1, False)
}


@pytest.fixture
def results(tmp_path):
    init_default_scope('mmdet')
    colours = np.zeros((*MAP.shape, 3), dtype=np.uint8)
    colours[..., 0] = MAP
    path = tmp_path / 'panoptic.png'
    Image.fromarray(colours).save(path)
    return dict(
        img=np.zeros((6, 6, 3), dtype=np.uint8),
        img_shape=(6, 6),
        ori_shape=(6, 6),
        height=6,
        width=6,
        seg_map_path=str(path),
        instances=[],
        segments_info=[
            dict(id=number, category=category, is_thing=thing)
            for number, (category, thing) in SEGMENTS.items()
        ])


def derive(results, task, **kwargs):
    transform = SampleSegmentationTask(
        num_texts=6, task_weights={task: 1}, **TABLE, **kwargs)
    return transform(dict(results))


def test_segments(results):
    found = LoadPanopticSegments(**TABLE)(results)
    assert found['gt_bboxes_labels'].tolist() == [0, 0, 1, 1]
    assert found['gt_bboxes'].numpy().tolist()[0] == [0, 0, 2, 2]
    # the caller's dictionary is as it was
    assert len(results['segments_info']) == 5


@pytest.mark.parametrize('task, labels', [('panoptic', [0, 0, 1, 1]),
                                          ('instance', [1, 1]),
                                          ('semantic', [0, 1])])
def test_targets(results, task, labels):
    """Targets of each task; the crowd is in none of them."""
    found = derive(LoadPanopticSegments(**TABLE)(results), task)
    assert found['task'] == task and 'gt_seg_map' not in found
    assert found['gt_bboxes_labels'].tolist() == labels
    masks = found['gt_masks'].to_ndarray()
    assert len(masks) == len(labels) == len(found['gt_bboxes'])
    assert not masks[:, MAP == 5].any() and not masks[:, MAP == 0].any()
    if task == 'semantic':
        assert np.array_equal(masks[0], np.isin(MAP, (1, 2)))
        assert np.array_equal(masks[1], np.isin(MAP, (3, 4)))
    article = 'an' if task == 'instance' else 'a'
    wanted = [f'a photo with a {CLASSES[label]}' for label in labels]
    wanted += [f'{article} {task} photo'] * (6 - len(labels))
    assert found['texts'] == wanted


def test_texts_are_in_the_order_of_the_classes(results):
    loaded = LoadPanopticSegments(**TABLE)(results)
    order = [2, 0, 3, 1]
    loaded['gt_bboxes_labels'] = loaded['gt_bboxes_labels'][order]
    loaded['gt_masks'] = loaded['gt_masks'][order]
    found = derive(loaded, 'panoptic')
    assert found['gt_bboxes_labels'].tolist() == [1, 0, 1, 0]
    assert found['texts'][:4] == ['a photo with a sky'
                                  ] * 2 + ['a photo with a person'] * 2


def test_labels_of_mmdets_loader(results):
    """Stuff from the label map, where segments of a class are one."""
    from mmdet.datasets.transforms import LoadPanopticAnnotations
    results['instances'] = [
        dict(bbox=[0, 2, 2, 4], bbox_label=1, ignore_flag=0),
        dict(bbox=[2, 2, 4, 4], bbox_label=1, ignore_flag=0)
    ]
    found = derive(LoadPanopticAnnotations()(results), 'panoptic')
    assert found['gt_bboxes_labels'].tolist() == [1, 1, 0]
    assert not found['gt_masks'].to_ndarray()[:, MAP == 5].any()


def test_a_segment_without_pixels_has_no_text(results):
    loaded = LoadPanopticSegments(**TABLE)(results)
    loaded['gt_masks'].masks[2] = 0
    found = derive(loaded, 'instance')
    assert found['gt_bboxes_labels'].tolist() == [1]
    assert found['texts'].count('an instance photo') == 5


def test_no_target_and_too_many(results):
    loaded = LoadPanopticSegments(**TABLE)(results)
    loaded['gt_masks'].masks[2:] = 0
    found = derive(loaded, 'instance')
    assert len(found['gt_bboxes_labels']) == 0
    assert found['gt_masks'].to_ndarray().shape == (0, 6, 6)
    assert found['texts'] == ['an instance photo'] * 6
    transform = SampleSegmentationTask(
        num_texts=1, task_weights=dict(panoptic=1), **TABLE)
    assert len(transform(dict(loaded))['texts']) == 1


def test_tasks_are_drawn_alike():
    transform = SampleSegmentationTask(**TABLE)
    np.random.seed(0)
    drawn = [transform._draw() for _ in range(30000)]
    for task in ('panoptic', 'instance', 'semantic'):
        assert abs(drawn.count(task) / 30000 - 1 / 3) < 0.01


def test_classes_of_a_data_set():
    transform = SampleSegmentationTask(dataset='CocoPanopticDataset')
    assert len(transform.class_names) == 133
    assert transform.thing_ids == set(range(80))


@pytest.mark.parametrize('kwargs, message', [
    (dict(), 'needs either dataset'),
    (dict(dataset='CocoDataset'), 'thing_classes'),
    (dict(class_names=('a', ), thing_classes=('b', )), r"\['b'\]"),
    (dict(task_weights=dict(depth=1), **TABLE), 'task_weights'),
    (dict(task_weights=dict(panoptic=0), **TABLE), 'task_weights'),
])
def test_refusals(kwargs, message):
    init_default_scope('mmdet')
    with pytest.raises(ValueError, match=message):
        SampleSegmentationTask(**kwargs)
