"""Instances out of panoptic labels, labels of Cityscapes, and the metrics."""
import json
import runpy
import sys
from unittest.mock import patch

import numpy as np
import pytest
import torch
from PIL import Image

pytest.importorskip('mmdet')

from mmdet.registry import DATASETS, METRICS  # noqa: E402
from mmengine.config import Config  # noqa: E402
from mmengine.registry import init_default_scope  # noqa: E402
from mmengine.structures import InstanceData, PixelData  # noqa: E402

from mmseg_ext.datasets.panoptic_instances import (  # noqa: E402
    write_panoptic_instances, write_toystreet_instances)


def run(repo, name, *args):
    tool = str(repo / 'tools/dataset_converters' / name)
    with patch.object(sys, 'argv', [tool, *map(str, args)]):
        runpy.run_path(tool, run_name='__main__')


def test_instances_of_toystreet(toystreet, tmp_path, repo):
    """Those of the panoptic labels are those that it is rendered with."""
    from pycocotools.coco import COCO
    folder = toystreet / 'day/coco'
    out = tmp_path / 'instances.json'
    run(repo, 'panoptic2instance.py', folder / 'panoptic_val.json',
        folder / 'panoptic_val', out)
    write_toystreet_instances(str(toystreet))
    assert write_toystreet_instances(str(toystreet)) == []
    ours, theirs = COCO(str(out)), COCO(
        str(folder / 'panoptic_instances_val.json'))
    assert [c['id'] for c in ours.dataset['categories']] == list(range(9))
    assert ours.cats == theirs.cats
    for image in ours.imgs:
        one, other = ({(a['category_id'], api.annToMask(a).tobytes())
                       for a in api.imgToAnns[image]}
                      for api in (ours, theirs))
        assert one == other


def test_refusals(tmp_path):
    path = tmp_path / 'boxes.json'
    path.write_text(json.dumps(dict(categories=[], annotations=[])))
    with pytest.raises(ValueError, match='no panoptic label file'):
        write_panoptic_instances(str(path), str(tmp_path), 'out.json')


def test_cityscapes(tmp_path, repo):
    """Crowds are things without a number; void has no segment."""
    ids = np.array([[7, 7, 26001, 26002], [26, 26, 4, 8]], dtype=np.int32)
    folder = tmp_path / 'gtFine/val/bonn'
    folder.mkdir(parents=True)
    Image.fromarray(ids.astype(np.uint16)).save(
        folder / 'bonn_000000_gtFine_instanceIds.png')
    run(repo, 'cityscapes_panoptic.py', tmp_path, '--splits', 'val')
    init_default_scope('mmdet')
    dataset = DATASETS.build(
        dict(
            type='CityscapesPanopticDataset',
            data_root=str(tmp_path),
            ann_file='annotations/panoptic_val.json',
            data_prefix=dict(
                img='leftImg8bit/val/', seg='annotations/panoptic_val/')))
    info = dataset.get_data_info(0)
    assert info['img_path'].endswith(
        'leftImg8bit/val/bonn/bonn_000000_leftImg8bit.png')
    assert info['seg_map_path'].endswith(
        'annotations/panoptic_val/bonn_000000_leftImg8bit.png')
    found = {(s['id'], s['category'], bool(s['is_thing']))
             for s in info['segments_info']}
    car = dataset.metainfo['classes'].index('car')
    assert found == {(7, 0, False), (8, 1, False), (26, car, False),
                     (26001, car, True), (26002, car, True)}
    colours = np.asarray(Image.open(info['seg_map_path'])).astype(int)
    wanted = np.where(ids == 4, 0, ids)
    assert np.array_equal(colours @ [1, 256, 65536], wanted)
    instances = json.loads(
        (tmp_path / 'annotations/panoptic_instances_val.json').read_text())
    assert [a['iscrowd'] for a in instances['annotations']] == [1, 0, 0]


@pytest.fixture
def ade20k(tmp_path):
    """A wall below the sky, three people, a flag of one pixel, a shower."""
    classes = np.ones((40, 60), np.uint8)
    instances = np.zeros((40, 60, 3), np.uint8)
    classes[:10] = 3
    for number, left in enumerate((5, 20, 40), 1):
        classes[10:30, left:left + 10] = 13
        instances[10:30, left:left + 10, :2] = 4, number
    classes[5, 30], instances[5, 30, :2] = 150, (100, 9)
    classes[35:, 8:12] = 146
    classes[35:, 20:30] = 0  # unknown
    classes[35:, 30:40] = 13  # people that are not told apart
    files = (('images', 'a.jpg', 0 * instances),
             ('annotations', 'a.png', classes), ('annotations_instance',
                                                 'a.png', instances))
    for split in ('training', 'validation'):
        for folder, name, content in files:
            (tmp_path / folder / split).mkdir(parents=True)
            Image.fromarray(content).save(tmp_path / folder / split / name)
    return tmp_path


@pytest.mark.parametrize('size', ['512x512', '640x640'])
def test_ade20k(ade20k, repo, size):
    """The data sets of the config see every segment where it is."""
    run(repo, 'ade20k_panoptic.py', ade20k)
    cfg = Config.fromfile(
        str(repo /
            f'configs/_base_/datasets/ade20k_panoptic_oneformer-{size}.py'))
    init_default_scope('mmdet')
    data = cfg.train_dataloader.dataset.dataset
    data.update(
        data_root=str(ade20k),
        pipeline=[
            *cfg.train_pipeline[:2],
            dict(cfg.train_pipeline[-2], task_weights=dict(panoptic=1))
        ])
    dataset = DATASETS.build(data)
    found, names = dataset[0], dataset.metainfo['classes']
    people = ['person'] * 3
    assert [names[label] for label in found['gt_bboxes_labels']
            ] == ['wall', 'sky', 'shower', *people, 'flag']
    assert found['gt_bboxes'].tensor[3:].tolist() == [[5, 10, 15, 30],
                                                      [20, 10, 30, 30],
                                                      [40, 10, 50, 30],
                                                      [30, 5, 31, 6]]
    assert found['gt_masks'].areas.tolist() == [1080, 599, 20, *[200] * 3, 1]
    data = cfg.val_dataloader.dataset
    data.update(data_root=str(ade20k), pipeline=[])
    seen = DATASETS.build(data).get_data_info(0)['segments_info']
    assert [names[s['category']] for s in seen
            if s['is_thing']] == [*people, 'flag']
    instances = json.loads(
        (ade20k / cfg.val_evaluator[1].ann_file.split('/')[-1]).read_text())
    assert [names[a['category_id']]
            for a in instances['annotations']] == [*people, 'flag']
    assert [c['name'] for c in instances['categories']] == list(names)


@pytest.mark.parametrize('name, array, message', [
    ('annotations', np.ones((4, 6), np.uint8), r'annotations/training/a.png '
     r'is uint8 \(4, 6\), expected is uint8 \(40, 60\)'),
    ('annotations', np.full((40, 60), 151, np.uint8), 'has the value 151'),
    ('annotations_instance', np.ones((40, 60), np.uint8), r'\(40, 60, 3\)'),
    ('annotations_instance', np.full(
        (40, 60, 3), 101, np.uint8), 'of the class 101'),
    ('annotations_instance', b'PNG', 'training/a.png is damaged'),
    ('annotations_instance', None, 'training/a.jpg has no label'),
])
def test_ade20k_refuses(ade20k, repo, name, array, message):
    path = ade20k / name / 'training/a.png'
    path.unlink()
    if isinstance(array, bytes):
        path.write_bytes(array)
    elif array is not None:
        Image.fromarray(array).save(path)
    with pytest.raises(SystemExit, match=message):
        run(repo, 'ade20k_panoptic.py', ade20k)
    assert not list(ade20k.glob('*.json'))


def truth_as_prediction(cfg, old, new):
    """Metrics of a config, its data elsewhere, of faultless predictions."""
    text = json.dumps([cfg.val_evaluator, cfg.val_dataloader.dataset],
                      default=list)
    evaluators, data = json.loads(text.replace(old, str(new)))
    init_default_scope('mmdet')
    data['pipeline'] = [
        dict(type='LoadImageFromFile'),
        dict(type='LoadPanopticAnnotations'),
        dict(
            type='PackDetInputs',
            meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape'))
    ]
    dataset = DATASETS.build(data)
    void = len(dataset.metainfo['classes'])
    metrics = [METRICS.build(evaluator) for evaluator in evaluators]
    for item in dataset:
        sample = item['data_samples']
        instances, label = sample.gt_instances, sample.gt_sem_seg.sem_seg
        # stuff has a number as well, that of class 0 would be void
        panoptic = torch.where(label == 255, void, label + 1000).int()
        masks = instances.masks.to_tensor(torch.bool, 'cpu')
        for number, mask in enumerate(masks, 1):
            panoptic[0][mask] = int(
                instances.labels[number - 1]) + (1000 * number)
        sample.pred_sem_seg = PixelData(sem_seg=label)
        sample.pred_panoptic_seg = PixelData(sem_seg=panoptic)
        sample.pred_instances = InstanceData(
            bboxes=instances.bboxes.tensor,
            labels=instances.labels,
            scores=torch.ones(len(masks)),
            masks=masks)
        for metric in metrics:
            metric.dataset_meta = dataset.metainfo
            metric.process({}, [sample.to_dict()])
    found = {}
    for metric in metrics:
        found.update(metric.evaluate(len(dataset)))
    return found


def check_full_marks(found):
    assert found['coco_panoptic/PQ'] == pytest.approx(100)
    assert found['coco/segm_mAP'] == pytest.approx(1)
    assert found['mIoU'] == pytest.approx(100)


def test_truth_as_prediction(toystreet, repo):
    """Three stock metrics of one run give full marks."""
    write_toystreet_instances(str(toystreet))
    cfg = Config.fromfile(
        str(repo / 'configs/oneformer/oneformer_toystreet.py'))
    check_full_marks(truth_as_prediction(cfg, 'data/toystreet', toystreet))


def test_pennfudan(tmp_path, repo):
    """People are things, all around them is one stuff class."""
    for number in range(5):
        mask = np.zeros((12, 16), np.uint8)
        mask[2:10, 3:6], mask[4:9, 9 + number:13] = 1, 3
        for folder, name, content in (('PNGImages', f'{number}.png',
                                       np.stack([mask] * 3, -1)),
                                      ('PedMasks', f'{number}_mask.png',
                                       mask)):
            (tmp_path / 'raw' / folder).mkdir(parents=True, exist_ok=True)
            Image.fromarray(content).save(tmp_path / 'raw' / folder / name)
    out = tmp_path / 'pennfudan'
    run(repo, 'pennfudan.py', tmp_path / 'raw', out)
    cfg = Config.fromfile(
        str(repo / 'configs/_base_/datasets/pennfudan_panoptic-192x256.py'))
    check_full_marks(truth_as_prediction(cfg, 'data/pennfudan', out))
    init_default_scope('mmdet')
    data = cfg.train_dataloader.dataset.dataset
    data.update(data_root=str(out), pipeline=cfg.train_pipeline[:2])
    dataset = DATASETS.build(data)
    assert len(dataset) == 3
    assert dataset[0]['gt_bboxes_labels'].tolist() == [0, 0, 1]
    assert dataset[0]['gt_masks'].areas.tolist() == [24, 15, 192 - 39]
