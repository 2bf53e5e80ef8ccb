import json
import os.path as osp
from typing import Iterator, List, Optional

from mmengine.utils import is_abs
from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS

BACKGROUND = 'background'


@DATASETS.register_module()
class PSSLDataset(BaseSegDataset):
    """A classification data set whose pixels are labelled by explanations.

    Pseudo Semantic Segmentation Labels of `Distilling Ensemble of
    Explanations for Weakly-Supervised Pre-Training of Image Segmentation
    Models <https://arxiv.org/abs/2207.03335>`_. Classes are those of the
    classification, then the background, whose index is their number C;
    C + 1 is ignored. :class:`LoadPSSLAnnotations` makes the labels.

    Args:
        ann_file (str): ``images.jsonl`` of ``tools/explain_dataset.py``, whose
            ``manifest.json`` beside it names the classes; or ``train.txt`` of
            the set that the authors hand out.
        data_prefix (dict): ``img_path``, the folder of the images, and
            ``seg_map_path``, that of the maps; for the authors' set the
            folders in which the lines of ``train.txt`` are.
        synset_file (str, optional): Of the authors' set: a line for each
            class, the name of its folder. Relative to ``data_root`` like
            ``ann_file``. Defaults to None.
        ignore_index (int, optional): Label of padding. Defaults to None, the
            one above.
        **kwargs: Arguments of :class:`mmseg.datasets.BaseSegDataset`.

    Raises:
        FileNotFoundError: If a list is missing.
        ValueError: If a list is faulty, or no image has a map.
    """

    def __init__(self,
                 ann_file: str,
                 data_prefix: dict,
                 data_root: Optional[str] = None,
                 synset_file: Optional[str] = None,
                 ignore_index: Optional[int] = None,
                 metainfo: Optional[dict] = None,
                 **kwargs) -> None:

        def find(name):
            if name and data_root and not is_abs(name):
                name = osp.join(data_root, name)
            if not name or not osp.isfile(name):
                raise FileNotFoundError(
                    f'PSSLDataset needs the file {name!r}, which does not '
                    'exist: tools/explain_dataset.py writes images.jsonl and '
                    'manifest.json when all images are explained, and the '
                    "authors' train.txt needs synset_file.")
            return name

        path = find(ann_file)
        self.is_official = not path.endswith('.jsonl')
        if self.is_official:
            with open(find(synset_file), encoding='utf-8') as file:
                classes = [line.split()[0] for line in file if line.strip()]
            self.map_format = 'npz'
        else:
            manifest = find(
                osp.join(osp.dirname(osp.abspath(path)), 'manifest.json'))
            try:
                with open(manifest, encoding='utf-8') as file:
                    recipe = json.load(file)['recipe']
                classes, self.map_format = recipe['classes'], recipe['store']
            except (ValueError, KeyError, TypeError):
                raise ValueError(f'{manifest} is no manifest of '
                                 'tools/explain_dataset.py.') from None
        self.num_image_classes = len(classes)
        if ignore_index is None:
            ignore_index = len(classes) + 1
        super().__init__(
            ann_file=ann_file,
            data_prefix=data_prefix,
            data_root=data_root,
            ignore_index=ignore_index,
            metainfo=dict(
                dict(classes=(*classes, BACKGROUND)), **(metainfo or {})),
            reduce_zero_label=False,
            **kwargs)

    def load_data_list(self) -> List[dict]:
        """Load the list; images without a map are left out.

        Returns:
            list[dict]: Data info of every image, with ``image_label``.
        """
        entries = (
            self._official_entries()
            if self.is_official else self._own_entries())
        data_list = [
            dict(
                img_path=osp.join(self.data_prefix['img_path'], image),
                seg_map_path=osp.join(self.data_prefix['seg_map_path'], map_),
                image_label=label,
                background_label=self.num_image_classes,
                map_format=self.map_format,
                ignore_index=self.ignore_index,
                label_map=None,
                reduce_zero_label=False,
                seg_fields=[]) for image, map_, label in entries
        ]
        if not data_list:
            raise ValueError(f'{self.ann_file} names no image with a map.')
        return data_list

    def _own_entries(self):
        for entry in read_index(self.ann_file):
            label = entry['label']
            if not 0 <= label < self.num_image_classes:
                raise ValueError(
                    f'{self.ann_file} gives {entry["image"]} the class '
                    f'{label}, but there are {self.num_image_classes}.')
            if not entry.get('degenerate'):
                name = entry['image']
                yield name, osp.splitext(name)[0] + '.png', label

    def _official_entries(self):
        numbers = {
            name: i
            for i, name in enumerate(self.metainfo['classes'][:-1])
        }
        with open(self.ann_file, encoding='utf-8') as file:
            for number, line in enumerate(file, 1):
                name = line.strip()
                image, found, _ = name.partition('.JPEG')
                label = numbers.get(osp.basename(osp.dirname(name)))
                if name and (not found or label is None):
                    raise ValueError(
                        f'line {number} of {self.ann_file} is {name!r}, but '
                        'expected is <folder>/<synset>/<image>.JPEG_eiseg.npz '
                        'with a synset of synset_file.')
                if name:
                    yield f'{image}.JPEG', name, label


def read_index(path: str) -> Iterator[dict]:
    """Entries of ``images.jsonl``.

    Args:
        path (str): The file.

    Yields:
        dict: ``image``, ``label``, and what was unusual of an image.

    Raises:
        ValueError: If a line is no entry.
    """
    with open(path, encoding='utf-8') as file:
        for number, line in enumerate(file, 1):
            try:
                entry = json.loads(line)
                entry['image'], entry['label']
            except (ValueError, KeyError, TypeError):
                raise ValueError(f'line {number} of {path} is no entry of an '
                                 'explained image.') from None
            yield entry
