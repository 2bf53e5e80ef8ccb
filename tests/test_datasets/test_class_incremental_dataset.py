import json
import shutil

import cv2
import incremental_data
import numpy as np
import pytest
from incremental_data import TASK, make_data, names, write_masks
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS

from mmseg_ext.datasets import ClassIncrementalDataset
from mmseg_ext.datasets.class_counts import image_names
from mmseg_ext.datasets.incremental_tasks import PRESETS, VOC, build_task
from mmseg_ext.datasets.pseudo_mask_cache import check_mask_labels


@pytest.fixture
def data(tmp_path):
    init_default_scope('mmseg')
    return make_data(tmp_path / 'data')


def build(data, step, pipeline=(), **kwargs):
    kwargs = {'task': TASK, 'image_labels': 'counts.json', **kwargs}
    return DATASETS.build(
        dict(
            type='ClassIncrementalDataset',
            dataset=data,
            step=step,
            pipeline=pipeline,
            serialize_data=False,  # which collects garbage, slowly
            **kwargs))


LABELS = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='PackSegInputs')
]


class TestTask:

    def test_presets(self):
        sizes = {
            name: [len(group) for group in steps]
            for name, steps in PRESETS.items()
        }
        assert sizes == {
            'voc_19-1': [19, 1],
            'voc_15-5': [15, 5],
            'voc_15-1': [15, 1, 1, 1, 1, 1],
            'voc_10-10': [10, 10],
            'voc_10-5-5': [10, 5, 5],
            'voc_10-2': [10, 2, 2, 2, 2, 2],
            'coco_to_voc': [60, 20]
        }
        for name, steps in PRESETS.items():
            build_task(dict(base=steps[0], increments=steps[1:]))
        task = build_task('voc_15-5')
        assert task.steps[1] == ('pottedplant', 'sheep', 'sofa', 'train',
                                 'tvmonitor')
        assert task.classes(1) == ('background', *VOC)
        assert task.later_classes(0) == task.steps[1]

    def test_preset_names_exist(self):
        from mmseg.datasets import COCOStuffDataset, PascalVOCDataset
        known = set(PascalVOCDataset.METAINFO['classes'])
        assert set(VOC) <= known
        coco = PRESETS['coco_to_voc']
        things = COCOStuffDataset.METAINFO['classes'][:80]
        assert {c for group in coco for c in group} == set(things)
        assert coco[1] == tuple(c for c in things if c in coco[1])

    @pytest.mark.parametrize('task,message', [
        (dict(base=['a'], increments=[['b', 'a']
                                      ]), "'a' in step 0 and in step 1"),
        (dict(base=['background'], increments=[['b']]), "'background' to n"),
        (dict(base=['a'], increments=[[]]), 'Step 1 of task'),
        ('voc_1-1', 'is none of'),
        (dict(base=['a']), 'must be the name'),
    ])
    def test_wrong_tasks(self, task, message):
        with pytest.raises(ValueError, match=message):
            build_task(task)


class TestSelection:

    def test_overlap_and_disjoint(self, data):
        assert names(build(data, 0)) == 'abc'
        assert names(build(data, 0, setting='disjoint')) == 'a'
        assert names(build(data, 1)) == 'bcd'
        assert names(build(data, 1, setting='disjoint')) == 'bd'
        assert names(build(data, 2)) == 'ce'
        assert names(build(data, 1, without=['building'])) == 'bc'
        assert names(build(data, 1, evaluate=True)) == 'abcde'

    def test_metainfo(self, data):
        meta = build(data, 1).metainfo
        assert meta['classes'] == ('background', 'road', 'sky', 'car', 'tree')
        assert meta['class_steps'] == (None, 0, 0, 1, 1)
        assert len(meta['palette']) == 5 and not meta['has_background']
        assert meta['palette'][3] == [0, 0, 142]

    def test_labels_by_step(self, data):
        """road 1, sky 2, car 3, tree 4; the rest is background, void stays."""
        labels = {
            step:
            np.concatenate([
                sample['data_samples'].gt_sem_seg.data.numpy()
                for sample in build(data, step, LABELS, evaluate=True)
            ])
            for step in (0, 1, 2)
        }
        first = labels[0]
        assert (first[:, 16:, :4] == 255).all()
        assert (first[0, :8, 4:] == 2).all() and (first[0, 8:16, 4:]
                                                  == 1).all()
        assert (first[1, 8:16, 4:] == 0).all()  # car is yet to come
        assert (labels[1][1, 8:16, 4:] == 3).all()
        assert (labels[1][2, 8:16, 4:] == 0).all()  # sign
        assert (labels[2][2, 8:16, 4:] == 5).all()
        assert (labels[2][3, 16:, 4:] == 0).all()  # building, in no step
        ignored = build(data, 2, LABELS, evaluate=True, unseen='ignore')
        assert (ignored[3]['data_samples'].gt_sem_seg.data[0,
                                                           16:] == 255).all()
        void = build(data, 0, LABELS, void_as_background=True)
        assert void[0]['data_samples'].gt_sem_seg.data.max() == 2

    def test_aliases(self, data):
        task = dict(base=['street'], increments=[['automobile']])
        aliases = dict(street='road', automobile='car')
        dataset = build(data, 1, task=task, aliases=aliases)
        assert names(dataset) == 'bd'
        assert dataset.get_data_info(0)['image_labels'] == (2, )
        with pytest.raises(ValueError, match="has the class 'automobile'"):
            build(data, 1, task=task)
        del aliases['street']  # of another data set
        dataset = build(data, 1, task=task, aliases=aliases)
        assert dataset.metainfo['classes'] == ('background', 'street',
                                               'automobile')
        assert len(dataset.metainfo['palette']) == 3

    @pytest.mark.parametrize('options, expected', [
        (dict(evaluate=True), [255, 1, 2, 0]),
        (dict(step=0, void_as_background=True), [0, 1, 0, 0]),
    ])
    def test_raw_labels_of_the_data_set(self, tmp_path, options, expected):
        """Unlabelled, road, car and building as they were downloaded."""
        for folder in ('images', 'labels'):
            (tmp_path / folder).mkdir()
            label = np.array([[0, 7, 26, 11]] * 2, np.uint8)
            cv2.imwrite(str(tmp_path / folder / 'a.png'), label)
        (tmp_path / 'counts.json').write_text(
            json.dumps(
                dict(
                    version=1, classes=['road', 'car'],
                    images=dict(a=[1, 1]))))
        data = dict(
            type='GTADataset',
            raw_labels=True,
            data_root=str(tmp_path),
            data_prefix=dict(img_path='images', seg_map_path='labels'))
        task = dict(base=['road'], increments=[['car']])
        options = dict(dict(step=1), **options)
        dataset = build(data, pipeline=LABELS, task=task, **options)
        found = dataset[0]['data_samples'].gt_sem_seg.data
        assert found.tolist() == [[expected] * 2]

    @pytest.mark.parametrize('background, car', [(False, 255), (True, 0)])
    def test_classes_that_the_data_set_leaves_out(self, data, background, car):
        """They are void, as what has no label."""
        data['metainfo'] = dict(classes=('road', 'sky'))
        dataset = build(data, 0, LABELS, void_as_background=background)
        label = dataset[1]['data_samples'].gt_sem_seg.data[0]
        assert (label[:8, 4:] == 1).all()
        assert (label[8:] == car).all()

    def test_suffix_that_the_data_set_finds(self, data):
        """``build_memory_bank.py`` names images by it."""
        data.update(
            type='CamVidDataset',
            metainfo=dict(classes=incremental_data.CLASSES))
        dataset = build(data, 0, LABELS)
        assert dataset.img_suffix == '.png'
        assert image_names(dataset)[0] == 'a'


class TestNothingHiddenIsSeen:

    def test_no_path_and_no_labels_of_old_classes(self, data):
        dataset = build(data, 1)
        for i, labels in enumerate([(3, ), (4, ), (3, 4)]):
            info = dataset.get_data_info(i)
            assert info['image_labels'] == labels
            assert 'seg_map_path' not in info
            assert info['label_map'] is None

    def test_labels_of_old_classes_may_be_known(self, data):
        pipeline = [
            dict(type='LoadImageFromFile'),
            dict(type='PackIncrementalInputs')
        ]
        dataset = build(data, 1, pipeline, known_labels='all')
        for i, (new, old) in enumerate([((3, ), (1, )), ((4, ), (2, )),
                                        ((3, 4), ())]):
            info = dataset.get_data_info(i)
            assert (info['image_labels'], info['old_image_labels']) == (new,
                                                                        old)
            assert 'seg_map_path' not in info
            assert dataset[i]['data_samples'].old_image_labels == old
        assert 'old_image_labels' not in build(data, 1).get_data_info(0)

    def test_a_pipeline_cannot_load_labels(self, data):
        with pytest.raises(KeyError, match='seg_map_path'):
            build(data, 1, LABELS)[0]

    def test_label_maps_may_be_gone(self, data, tmp_path):
        shutil.rmtree(tmp_path / 'data/labels')
        assert names(build(data, 1)) == 'bcd'

    def test_sample(self, data, tmp_path):
        """All that a sample of step 1 has."""
        write_masks(tmp_path / 'masks', build(data, 1))
        pipeline = [
            dict(type='LoadImageFromFile'),
            dict(type='LoadPseudoMask'),
            dict(type='PackIncrementalInputs')
        ]
        dataset = build(
            data, 1, pipeline, pseudo_masks=str(tmp_path / 'masks'))
        sample = dataset[2]['data_samples']
        assert set(sample.all_keys()) <= {
            'gt_pseudo_mask', 'image_labels', 'img_path', 'ori_shape',
            'img_shape', 'reduce_zero_label'
        }
        assert sample.image_labels == (3, 4)


class TestFaults:

    @pytest.mark.parametrize('options,message', [
        (dict(step=3), 'has the steps 0 to 2'),
        (dict(setting='joint'), 'setting must be one of'),
        (dict(unseen='void'), 'unseen must be one of'),
        (dict(image_labels=None), 'image_labels is None'),
        (dict(known_labels='old'), 'known_labels must be one of'),
        (dict(pseudo_masks='x', step=0), 'pseudo_masks is for'),
        (dict(without=['car', 'tree']), 'has no image'),
    ])
    def test_options(self, data, options, message):
        with pytest.raises(ValueError, match=message):
            build(data, **{'step': 1, **options})

    def test_image_labels(self, data, tmp_path):
        with pytest.raises(
                FileNotFoundError,
                match='names nothing.json or .*/nothing.json, which does not'):
            build(data, 1, image_labels='nothing.json')
        path = tmp_path / 'own.json'
        path.write_text(json.dumps(dict(a=['car'])))
        with pytest.raises(ValueError, match="no labels of the image 'b'"):
            build(data, 1, image_labels=str(path))
        path.write_text(json.dumps({n: ['car'] for n in 'abcde'}))
        assert names(build(data, 1, image_labels=str(path))) == 'abcde'
        path.write_text(json.dumps(dict(a='car')))
        with pytest.raises(ValueError, match='holds no image-level labels'):
            build(data, 1, image_labels=str(path))

    def test_masks(self, data, tmp_path):
        masks = tmp_path / 'masks'
        with pytest.raises(FileNotFoundError, match='no finished cache'):
            build(data, 1, pseudo_masks=str(masks))
        write_masks(masks, build(data, 1))
        assert isinstance(
            build(data, 1, pseudo_masks=str(masks)), ClassIncrementalDataset)
        with pytest.raises(ValueError, match='was made for the task'):
            build(data, 2, pseudo_masks=str(masks))
        labels = json.loads((masks / 'finished.json').read_text())
        labels['labels']['d'] = ['car']
        (masks / 'finished.json').write_text(json.dumps(labels))
        with pytest.raises(ValueError, match="the classes \\['car'\\] for"):
            build(data, 1, pseudo_masks=str(masks))
        (masks / 'masks/b.png').unlink()
        with pytest.raises(ValueError, match="no masks of the image 'b'"):
            build(data, 1, pseudo_masks=str(masks))


class TestMaskLabels:
    """What a cache tells of labels ahead of its masks."""

    def test_other_images_and_other_labels(self, data, tmp_path):
        masks = tmp_path / 'masks'
        write_masks(masks, build(data, 1))
        known = json.loads((masks / 'finished.json').read_text())['labels']
        # without a file of its own, as it was made formerly
        assert check_mask_labels(str(masks), known) == known
        more = dict(b=['car'], x=['tree'])
        assert check_mask_labels(str(masks), more) == dict(known, x=['tree'])
        with pytest.raises(ValueError, match="'d' made with .'car', 'tree'.,"):
            check_mask_labels(str(masks), dict(d=['tree']))
        (masks / 'masks/d.png').unlink()
        check_mask_labels(str(masks), dict(d=['tree']))
        # it goes ahead of the other
        (masks / 'labels.json').write_text(json.dumps(dict(labels=more)))
        with pytest.raises(ValueError, match="'c' made with classes that are"):
            check_mask_labels(str(masks), known)
        (masks / 'labels.json').write_text('{')
        with pytest.raises(ValueError, match='labels.json does not tell'):
            check_mask_labels(str(masks), known)

    def test_nothing_on_record(self, data, tmp_path):
        """Of a run that was killed formerly."""
        masks = tmp_path / 'masks'
        own = dict(b=['car'])
        assert check_mask_labels(str(masks), own) == own
        write_masks(masks, build(data, 1))
        (masks / 'finished.json').unlink()
        with pytest.raises(ValueError, match="'b' made with classes that are"):
            check_mask_labels(str(masks), own)
