"""Which classes a class-incremental task brings in which step."""
from typing import Dict, List, Mapping, NamedTuple, Sequence, Tuple, Union

VOC = ('aeroplane', 'bicycle', 'bird', 'boat', 'bottle', 'bus', 'car', 'cat',
       'chair', 'cow', 'diningtable', 'dog', 'horse', 'motorbike', 'person',
       'pottedplant', 'sheep', 'sofa', 'train', 'tvmonitor')
# Things of COCO that VOC has not, and those that it has, in COCO's order.
COCO_NOT_VOC = ('truck', 'traffic light', 'fire hydrant', 'stop sign',
                'parking meter', 'bench', 'elephant', 'bear', 'zebra',
                'giraffe', 'backpack', 'umbrella', 'handbag', 'tie',
                'suitcase', 'frisbee', 'skis', 'snowboard', 'sports ball',
                'kite', 'baseball bat', 'baseball glove', 'skateboard',
                'surfboard', 'tennis racket', 'wine glass', 'cup', 'fork',
                'knife', 'spoon', 'bowl', 'banana', 'apple', 'sandwich',
                'orange', 'broccoli', 'carrot', 'hot dog', 'pizza', 'donut',
                'cake', 'bed', 'toilet', 'laptop', 'mouse', 'remote',
                'keyboard', 'cell phone', 'microwave', 'oven', 'toaster',
                'sink', 'refrigerator', 'book', 'clock', 'vase', 'scissors',
                'teddy bear', 'hair drier', 'toothbrush')
COCO_AND_VOC = ('person', 'bicycle', 'car', 'motorcycle', 'airplane', 'bus',
                'train', 'boat', 'bird', 'cat', 'dog', 'horse', 'sheep', 'cow',
                'bottle', 'chair', 'couch', 'potted plant', 'dining table',
                'tv')
BACKGROUND = 'background'


def _split(classes: Sequence[str], *sizes: int) -> List[Tuple[str, ...]]:
    ends = [sum(sizes[:i + 1]) for i in range(len(sizes))]
    return [tuple(classes[end - size:end]) for end, size in zip(ends, sizes)]


PRESETS: Dict[str, List[Tuple[str, ...]]] = {
    'voc_19-1': _split(VOC, 19, 1),
    'voc_15-5': _split(VOC, 15, 5),
    'voc_15-1': _split(VOC, 15, 1, 1, 1, 1, 1),
    'voc_10-10': _split(VOC, 10, 10),
    'voc_10-5-5': _split(VOC, 10, 5, 5),
    'voc_10-2': _split(VOC, 10, 2, 2, 2, 2, 2),
    'coco_to_voc': [COCO_NOT_VOC, COCO_AND_VOC],
}


class IncrementalTask(NamedTuple):
    """Classes of every step, without background.

    The channels of a network of step t are the background and then the
    classes of the steps 0 to t in the order in which the task lists them.

    Args:
        name (str): Its name.
        steps (tuple[tuple[str]]): Classes by step.
    """
    name: str
    steps: Tuple[Tuple[str, ...], ...]

    def classes(self, step: int) -> Tuple[str, ...]:
        """Background and all classes seen up to a step, in channel order."""
        return (BACKGROUND, *(c for group in self.steps[:step + 1]
                              for c in group))

    def later_classes(self, step: int) -> Tuple[str, ...]:
        """Classes of the steps behind one."""
        return tuple(c for group in self.steps[step + 1:] for c in group)


def build_task(task: Union[str, Mapping]) -> IncrementalTask:
    """Read the field ``task`` of a data set.

    Args:
        task (str or dict): A name of :data:`PRESETS`, or
            ``dict(base=[...], increments=[[...], ...])`` of class names, and
            ``name`` if wanted.

    Raises:
        ValueError: If it is neither, or a class belongs to two steps.
    """
    if isinstance(task, str):
        if task not in PRESETS:
            raise ValueError(f'task {task!r} is none of {sorted(PRESETS)}: '
                             'name one of them, or give dict(base=[...], '
                             'increments=[[...], ...]).')
        return IncrementalTask(task, tuple(PRESETS[task]))
    if not isinstance(task, Mapping) or set(task) - {
            'name', 'base', 'increments'
    } or not {'base', 'increments'} <= set(task):
        raise ValueError(f'task is {task!r}, but must be the name of a task '
                         'or dict(base=[...], increments=[[...], ...]).')
    groups = [task['base'], *task['increments']]
    for i, group in enumerate(groups):
        if isinstance(group, str) or not group:
            raise ValueError(f'Step {i} of task has the classes {group!r}: '
                             'expected is a list with at least one name.')
    steps = tuple(tuple(group) for group in groups)
    seen: Dict[str, int] = {BACKGROUND: 0}
    for i, group in enumerate(steps):
        for name in group:
            if name in seen:
                raise ValueError(
                    f'task names the class {name!r} in step {seen[name]} and '
                    f'in step {i}: each class belongs to one step, and '
                    f'{BACKGROUND!r} to none.')
            seen[name] = i
    return IncrementalTask(task.get('name', 'custom'), steps)
