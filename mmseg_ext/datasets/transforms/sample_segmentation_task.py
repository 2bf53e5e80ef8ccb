from typing import Dict, List, Optional, Sequence, Set, Tuple

import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmdet.registry import DATASETS, TRANSFORMS
from mmdet.structures.bbox import HorizontalBoxes
from mmdet.structures.mask import BitmapMasks

TASKS = ('panoptic', 'instance', 'semantic')


def class_table(
        owner: str, dataset: Optional[str],
        class_names: Optional[Sequence[str]],
        thing_classes: Optional[Sequence[str]]) -> Tuple[List[str], Set[int]]:
    """Names of all classes, and ids of the things.

    Args:
        owner (str): The transform, for messages.
        dataset (str, optional): Name of a data set class of mmdet.
        class_names (Sequence[str], optional): All classes.
        thing_classes (Sequence[str], optional): Names of the things.

    Returns:
        tuple: Names, and ids of the things.

    Raises:
        ValueError: If the classes are not told, or a thing is none of them.
    """
    if dataset is not None:
        found = DATASETS.get(dataset)
        meta = getattr(found, 'METAINFO', {})
        if 'thing_classes' not in meta:
            raise ValueError(
                f'{owner}.dataset={dataset!r} must be a data set that knows '
                'its classes and thing_classes, such as CocoPanopticDataset; '
                'otherwise give class_names and thing_classes.')
        class_names = class_names or meta['classes']
        thing_classes = thing_classes or meta['thing_classes']
    if class_names is None or thing_classes is None:
        raise ValueError(f'{owner} needs either dataset, or class_names and '
                         'thing_classes.')
    unknown = set(thing_classes) - set(class_names)
    if unknown:
        raise ValueError(f'{owner}.thing_classes has {sorted(unknown)}, which '
                         'are none of the class names.')
    names = [name.strip() for name in class_names]
    return names, {
        index
        for index, name in enumerate(class_names) if name in thing_classes
    }


@TRANSFORMS.register_module()
class SampleSegmentationTask(BaseTransform):
    """Draw a task for the image, and derive its targets and texts.

    `OneFormer <https://arxiv.org/abs/2211.06220>`_, section 3.1 and Fig. 3.
    Behind all geometric transforms and ahead of ``PackDetInputs``, whose
    ``meta_keys`` must have ``'task'`` and ``'texts'``.

    - panoptic: one target for each segment;
    - instance: those of the things;
    - semantic: one for each class, things and stuff.

    A segment without a pixel left is dropped first. The texts are "a photo
    with a <class>" for each target in the order of the classes, filled up
    with "a(n) <task> photo".

    Args:
        dataset (str, optional): Name of a data set class of mmdet, which
            knows the classes. Defaults to None.
        class_names (Sequence[str], optional): All classes, instead of
            ``dataset``. Defaults to None.
        thing_classes (Sequence[str], optional): Names of the things, instead
            of ``dataset``. Defaults to None.
        num_texts (int): Texts of an image: queries of the model less its
            context vectors. Defaults to 134.
        task_weights (dict[str, float], optional): Weight of each task that is
            drawn. Defaults to None, all three alike.
        target_template (str): Text of a target. Defaults to
            'a photo with a {}'.
        task_templates (dict[str, str], optional): Text that fills up, of each
            task. Defaults to None, "a panoptic photo", "an instance photo"
            and "a semantic photo".

    Raises:
        ValueError: If the classes are not told, or a task is unknown.
    """

    def __init__(self,
                 dataset: Optional[str] = None,
                 class_names: Optional[Sequence[str]] = None,
                 thing_classes: Optional[Sequence[str]] = None,
                 num_texts: int = 134,
                 task_weights: Optional[Dict[str, float]] = None,
                 target_template: str = 'a photo with a {}',
                 task_templates: Optional[Dict[str, str]] = None) -> None:
        self.class_names, self.thing_ids = class_table(
            'SampleSegmentationTask', dataset, class_names, thing_classes)
        self.num_texts = num_texts
        weights = dict.fromkeys(TASKS, 1.)
        if task_weights is not None:
            weights = dict(task_weights)
        if (set(weights) - set(TASKS) or min(weights.values(), default=-1) < 0
                or not sum(weights.values()) > 0):
            raise ValueError(
                'SampleSegmentationTask.task_weights must give weights of 0 '
                f'or more to some of {TASKS} but is {task_weights}.')
        self.tasks = tuple(weights)
        total = sum(weights.values())
        self.probabilities = [weight / total for weight in weights.values()]
        self.target_template = target_template
        self.task_templates = dict(
            panoptic='a panoptic photo',
            instance='an instance photo',
            semantic='a semantic photo')
        self.task_templates.update(task_templates or {})

    @cache_randomness
    def _draw(self) -> str:
        return str(np.random.choice(self.tasks, p=self.probabilities))

    def transform(self, results: dict) -> dict:
        """Draw the task and make its targets.

        Args:
            results (dict): With ``gt_masks`` and ``gt_bboxes_labels``; stuff
                is among them (``LoadPanopticSegments``) or in ``gt_seg_map``
                (``LoadPanopticAnnotations``).

        Returns:
            dict: With the targets of the task, ``task`` and ``texts``, and
            without ``gt_seg_map``.
        """
        labels, masks = self._segments(results)
        task = self._draw()
        if task == 'instance':
            chosen = np.isin(labels, list(self.thing_ids))
            labels, masks = labels[chosen], masks[chosen]
        elif task == 'semantic':
            labels, masks = _join_classes(labels, masks)
        texts = [
            self.target_template.format(self.class_names[label])
            for label in np.sort(labels)
        ][:self.num_texts]
        texts += [self.task_templates[task]] * (self.num_texts - len(texts))
        height, width = results['img'].shape[:2]
        masks = BitmapMasks(list(masks), height, width)
        results.pop('gt_seg_map', None)
        results.update(
            task=task,
            texts=texts,
            gt_masks=masks,
            gt_bboxes_labels=labels.astype(np.int64),
            gt_bboxes=masks.get_bboxes(HorizontalBoxes),
            gt_ignore_flags=np.zeros(len(labels), dtype=bool))
        return results

    def _segments(self, results: dict) -> Tuple[np.ndarray, np.ndarray]:
        """Labels and masks of all segments that have a pixel."""
        masks = results['gt_masks'].to_ndarray()
        labels = np.asarray(results['gt_bboxes_labels'], dtype=np.int64)
        flags = results.get('gt_ignore_flags')
        if flags is not None:
            legal = ~np.asarray(flags, dtype=bool)
            labels, masks = labels[legal], masks[legal]
        seg_map = results.get('gt_seg_map')
        if seg_map is not None:
            stuff = [
                label for label in np.unique(seg_map) if
                label < len(self.class_names) and label not in self.thing_ids
            ]
            stuff = np.array(stuff, dtype=np.int64)
            parts = (seg_map == stuff[:, None, None]).astype(np.uint8)
            labels = np.concatenate([labels, stuff])
            masks = np.concatenate([masks, parts])
        filled = masks.any(axis=(1, 2))
        return labels[filled], masks[filled].astype(np.uint8)

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(tasks={self.tasks}, '
                f'probabilities={self.probabilities}, '
                f'num_texts={self.num_texts})')


def _join_classes(labels: np.ndarray,
                  masks: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """One mask for each class."""
    if len(labels) == 0:
        return labels, masks
    order = np.argsort(labels, kind='stable')
    classes, first = np.unique(labels[order], return_index=True)
    return classes, np.maximum.reduceat(masks[order], first, axis=0)
