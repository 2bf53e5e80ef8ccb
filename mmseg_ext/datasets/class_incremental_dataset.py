import os.path as osp
from typing import (Callable, Dict, FrozenSet, List, Mapping, Optional,
                    Sequence, Union)

from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS

from .class_counts import image_names
from .image_labels import read_image_labels, select_image_labels
from .incremental_tasks import BACKGROUND, build_task
from .pseudo_mask_cache import check_pseudo_masks

IGNORED = 255


@DATASETS.register_module()
class ClassIncrementalDataset(BaseSegDataset):
    """What a step of a class-incremental task may see of a data set.

    - Training data of step 0: images with a pixel of its classes, with pixel
      labels in which every other class is background.
    - Training data of step t >= 1: images with a pixel of the classes of the
      step. Of their labels nothing is left but which of these classes the
      image shows (``image_labels``, channels; ``old_image_labels`` are those
      of earlier steps, where they are known): no path of a label map is in
      the data info, so no pipeline can load one.
    - ``evaluate=True``: all images with pixel labels, in which classes of
      later steps are background.

    ``setting='overlap'`` takes every such image; ``'disjoint'`` leaves those
    out that show a class of a later step. This is the protocol of `Modeling
    the Background for Incremental Learning in Semantic Segmentation
    <https://arxiv.org/abs/2002.00718>`_ and, with labels of images,
    `Incremental Learning in Semantic Segmentation from Image Labels
    <https://arxiv.org/abs/2112.01882>`_.

    Metainfo: ``classes`` in channel order, background first; ``class_steps``,
    the step of each channel, of the background None; ``step``; and
    ``has_background``, whether the data set itself has one.

    Args:
        dataset (dict): Any ``BaseSegDataset``; its ``pipeline`` is not used.
        task (str or dict): See :func:`build_task`.
        step (int): Step t.
        setting (str): ``'overlap'`` or ``'disjoint'``. Defaults to
            'overlap'.
        evaluate (bool): Whether to take all images. Defaults to False.
        image_labels (str, optional): File of image-level labels, see
            :func:`read_image_labels`, below ``data_root`` of the data set or
            a path. Training data needs it. Defaults to None.
        known_labels (str): Which of the labels of images a step t >= 1 may
            use: those of its ``'new'`` classes, or ``'all'`` that are seen
            by then, which rules out old classes that an image does not show.
            Defaults to 'new'.
        pseudo_masks (str, optional): Folder that ``tools/cosegment.py`` has
            made. Only in steps t >= 1. Defaults to None.
        aliases (dict[str, str], optional): Names of classes in the data set
            where they differ from those of the task. It may lack classes of
            other steps. Defaults to None.
        without (Sequence[str]): Leave out training images that show one of
            these classes. Defaults to ().
        unseen (str): Pixels of classes that are none of the seen ones are
            ``'background'`` or to ``'ignore'``. Defaults to 'background'.
        void_as_background (bool): Whether pixels without a label are
            background in training. Defaults to False.
        pipeline (list): Transforms. Defaults to ().
        **kwargs: As of ``BaseSegDataset``.

    Raises:
        ValueError: If task, step, labels or masks do not fit, or no image is
            left.
    """

    def __init__(self,
                 dataset: Mapping,
                 task: Union[str, Mapping],
                 step: int,
                 setting: str = 'overlap',
                 evaluate: bool = False,
                 image_labels: Optional[str] = None,
                 known_labels: str = 'new',
                 pseudo_masks: Optional[str] = None,
                 aliases: Optional[Mapping[str, str]] = None,
                 without: Sequence[str] = (),
                 unseen: str = 'background',
                 void_as_background: bool = False,
                 pipeline: Sequence[Union[dict, Callable]] = (),
                 **kwargs) -> None:
        for name, value, options in (('setting', setting, ('overlap',
                                                           'disjoint')),
                                     ('known_labels', known_labels,
                                      ('new', 'all')), ('unseen', unseen,
                                                        ('background',
                                                         'ignore'))):
            if value not in options:
                raise ValueError(f'ClassIncrementalDataset.{name} must be one '
                                 f'of {list(options)} but is {value!r}.')
        self.task = build_task(task)
        if not isinstance(step, int) or not 0 <= step < len(self.task.steps):
            raise ValueError(
                f'ClassIncrementalDataset.step is {step!r}, but the task '
                f'{self.task.name!r} has the steps 0 to '
                f'{len(self.task.steps) - 1}.')
        if pseudo_masks is not None and (step == 0 or evaluate):
            raise ValueError('ClassIncrementalDataset.pseudo_masks is for '
                             'training data of steps from 1 on: leave it out.')
        self.step = step
        self.setting = setting
        self.evaluate = evaluate
        self.image_labels = image_labels
        self.known_labels = known_labels
        self.pseudo_masks = pseudo_masks
        self.pseudo_mask_recipe: Optional[dict] = None
        self.without = tuple(without)
        self.unseen = unseen
        self.void_as_background = void_as_background
        self.aliases = dict(aliases or {})
        inner = dict(dataset)
        inner.pop('pipeline', None)
        inner.update(pipeline=[], lazy_init=True, serialize_data=False)
        self._inner = DATASETS.build(inner)
        lazy = kwargs.pop('lazy_init', False)
        super().__init__(
            metainfo=self._make_metainfo(),
            data_prefix=dict(self._inner.data_prefix),
            reduce_zero_label=self._inner.reduce_zero_label,
            pipeline=list(pipeline),
            lazy_init=True,
            **kwargs)
        # the names that other tools ask a data set for
        self.data_root = self._inner.data_root
        self.img_suffix = self._inner.img_suffix
        self.seg_map_suffix = self._inner.seg_map_suffix
        if not lazy:
            self.full_init()

    @property
    def loads_labels(self) -> bool:
        """bool: whether pixel labels of the images may be seen."""
        return self.evaluate or self.step == 0

    def _make_metainfo(self) -> dict:
        known = list(self._inner.metainfo['classes'])
        classes = self.task.classes(self.step)
        self.has_background = BACKGROUND in known
        names = [self.aliases.get(c, c) for c in classes[1:]]
        for own in self.task.steps[self.step]:
            if self.aliases.get(own, own) not in known:
                raise ValueError(
                    f'Step {self.step} of the task {self.task.name!r} has the '
                    f'class {own!r}, but {type(self._inner).__name__} has '
                    f'{", ".join(known)}; give its name there in '
                    'ClassIncrementalDataset.aliases.')
        # classes of other steps may be those of another data set
        self._channels = {
            known.index(c): i + 1
            for i, c in enumerate(names) if c in known
        }
        colors = self._inner.metainfo['palette']
        own_colors = [
            colors[known.index(c)] if c in known else [i * 3 % 256] * 3
            for i, c in enumerate(names)
        ]
        ground = (
            colors[known.index(BACKGROUND)]
            if self.has_background else [0, 0, 0])
        steps = [None] + [
            i for i, group in enumerate(self.task.steps[:self.step + 1])
            for _ in group
        ]
        return dict(
            classes=classes,
            palette=[ground, *own_colors],
            class_steps=tuple(steps),
            step=self.step,
            has_background=self.has_background)

    def _make_label_map(self,
                        before: Optional[Mapping[int, int]]) -> Dict[int, int]:
        """Channel of each label value of the files.

        Args:
            before (dict[int, int], optional): ``label_map`` that the inner
                data set gives an image: to some of its classes, or of raw
                label ids.
        """
        rest = 0 if self.unseen == 'background' else IGNORED
        known = list(self._inner.metainfo['classes'])
        mapped = {
            i: self._channels.get(i, 0 if name == BACKGROUND else rest)
            for i, name in enumerate(known)
        }
        if self.void_as_background and not self.evaluate:
            mapped[IGNORED] = 0
        if before is not None:
            void = mapped.get(IGNORED, IGNORED)
            mapped = {old: mapped.get(new, new) for old, new in before.items()}
            mapped.setdefault(IGNORED, void)
        return mapped

    def load_data_list(self) -> List[dict]:
        """Select the images and hide what the step may not see.

        Returns:
            list[dict]: Data info of every image.
        """
        self._inner.full_init()
        # CamVid finds its suffix when it loads
        self.img_suffix = self._inner.img_suffix
        infos = [self._inner.get_data_info(i) for i in range(len(self._inner))]
        names = image_names(self._inner)
        if self.evaluate:
            return self._labeled(infos)
        shown = self._read_labels(names)
        chosen = [i for i, labels in enumerate(shown) if self._takes(labels)]
        if not chosen:
            raise ValueError(
                f'Step {self.step} of the task {self.task.name!r} has no '
                f'image in {self.data_prefix.get("img_path")} '
                f'({self.setting}); check ann_file and image_labels.')
        if self.loads_labels:
            return self._labeled([infos[i] for i in chosen])
        classes = self.metainfo['classes']
        first_new = classes.index(self.task.steps[self.step][0])
        channels = {self.aliases.get(c, c): i for i, c in enumerate(classes)}
        picked = []
        for i in chosen:
            seen = sorted(channels[c] for c in shown[i] if c in channels)
            told = {}
            if self.known_labels == 'all':
                told['old_image_labels'] = tuple(c for c in seen
                                                 if 0 < c < first_new)
            picked.append(
                dict(
                    img_path=infos[i]['img_path'],
                    image_labels=tuple(c for c in seen if c >= first_new),
                    **told,
                    reduce_zero_label=False,
                    label_map=None,
                    seg_fields=[]))
        if self.pseudo_masks is not None:
            self.pseudo_mask_recipe = check_pseudo_masks(
                self.pseudo_masks, self.task.name,
                list(self.metainfo['classes']), {
                    names[i]: info
                    for i, info in zip(chosen, picked)
                })
        return picked

    def _labeled(self, infos: Sequence[dict]) -> List[dict]:
        made: Dict[tuple, dict] = {}  # images share their maps
        labeled = []
        for info in infos:
            before = info.get('label_map')
            key = () if before is None else tuple(before.items())
            if key not in made:
                made[key] = self._make_label_map(before)
            labeled.append(dict(info, label_map=made[key], seg_fields=[]))
        return labeled

    def _read_labels(self, names: Sequence[str]) -> List[FrozenSet[str]]:
        field = 'ClassIncrementalDataset.image_labels'
        if self.image_labels is None:
            raise ValueError(f'{field} is None, but training data needs a '
                             'file of image-level labels; make it with '
                             'tools/dataset_converters/class_counts.py.')
        places = [self.image_labels]
        if self.data_root:
            places.append(osp.join(self.data_root, self.image_labels))
        # both are named where there is neither
        path = next(
            filter(osp.isfile, places), ' or '.join(dict.fromkeys(places)))
        return select_image_labels(
            read_image_labels(path, field), names, path, field)

    def _takes(self, shown: FrozenSet[str]) -> bool:

        def shows(classes: Sequence[str]) -> bool:
            return any(self.aliases.get(c, c) in shown for c in classes)

        if not shows(self.task.steps[self.step]) or shows(self.without):
            return False
        return self.setting == 'overlap' or not shows(
            self.task.later_classes(self.step))
