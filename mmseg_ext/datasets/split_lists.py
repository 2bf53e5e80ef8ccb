import os
import os.path as osp
import re
from typing import Dict, List, NamedTuple, Optional, Sequence

import mmengine.fileio as fileio

IMG_SUFFIXES = ('.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff', '.webp')
_OTHER_SUFFIXES = ('.gif', '.ppm', '.pgm', '.npy', '.npz')


class SplitEntry(NamedTuple):
    """One line of a split list.

    Args:
        image (str): Name or path of the image.
        seg_map (str, optional): Path of the label map, where the line has
            one.
        line (int): Number of the line, from 1.
    """
    image: str
    seg_map: Optional[str]
    line: int


def read_split_list(
    path: str,
    backend_args: Optional[dict] = None,
    suffixes: Sequence[str] = ()
) -> List[SplitEntry]:
    """Read a list of images, one to a line.

    The forms of published semi-supervised repositories are understood: a bare
    stem (``2007_000032``), a stem in a folder
    (``aachen/aachen_000000_000019``) and the paths of image and label map
    (``JPEGImages/2007_000032.jpg SegmentationClass/2007_000032.png``). A line
    that is not two paths with suffixes of images is one name, which may have
    spaces and dots. The last line may lack its newline; empty lines are
    skipped.

    Args:
        path (str): The list.
        backend_args (dict, optional): Arguments of the file backend.
            Defaults to None.
        suffixes (Sequence[str]): Suffixes of images and label maps beside
            the usual ones. Defaults to ().

    Returns:
        list[SplitEntry]: The entries in the order of the file.

    Raises:
        FileNotFoundError: When there is no such file.
        ValueError: When a line has more than two paths, an image comes
            twice, or there is none.
    """
    if not fileio.exists(path, backend_args=backend_args):
        raise FileNotFoundError(
            f'the split list `ann_file` {path} does not exist; make lists '
            'with tools/dataset_converters/make_label_splits.py or correct '
            'the path')
    text = fileio.get_text(path, backend_args=backend_args)
    pattern = _pair_pattern(suffixes)
    entries, seen = [], {}
    for number, line in enumerate(text.splitlines(), start=1):
        line = line.strip().lstrip('\ufeff')
        if not line:
            continue
        pair = pattern.fullmatch(line)
        image, seg_map = pair.groups() if pair else (line, None)
        if pair and pattern.fullmatch(seg_map):
            raise ValueError(
                f'line {number} of the split list {path} has more than two '
                'paths, expected a name or the paths of an image and its '
                'label map')
        if image in seen:
            raise ValueError(f'the split list {path} names {image} on line '
                             f'{seen[image]} and again on line {number}')
        seen[image] = number
        entries.append(SplitEntry(image, seg_map, number))
    if not entries:
        raise ValueError(f'the split list {path} is empty')
    return entries


def _pair_pattern(suffixes: Sequence[str]) -> 're.Pattern':
    """Two paths, both with a suffix of an image: names may have spaces."""
    known = {*IMG_SUFFIXES, *_OTHER_SUFFIXES, *filter(None, suffixes)}
    ending = f'(?:{"|".join(map(re.escape, sorted(known)))})'
    return re.compile(rf'(\S.*?{ending})\s+(\S.*{ending})', re.IGNORECASE)


class SplitListMixin:
    """Lets a data set of MMSegmentation read every form of split list.

    To be named ahead of :class:`mmseg.datasets.BaseSegDataset` or a subclass
    among the bases. Bare names are looked up under
    ``data_prefix['img_path']`` with ``img_suffix``, paths also under
    ``data_root``. Without ``ann_file`` all images of the folder are taken.
    """

    def load_data_list(self) -> List[dict]:
        """Load the list, or the folder where there is no list.

        Returns:
            list[dict]: Data info of every image.

        Raises:
            FileNotFoundError: When a file or folder is missing.
            ValueError: When the list is faulty or the folder empty.
        """
        folder = self.data_prefix.get('img_path') or ''
        if not fileio.isdir(folder or '.', backend_args=self.backend_args):
            raise FileNotFoundError(
                f'the image folder `data_prefix.img_path` {folder} of '
                f'{type(self).__name__} does not exist')
        if not self.ann_file:
            data_list = super().load_data_list()
            if not data_list:
                raise ValueError(
                    f'the image folder `data_prefix.img_path` {folder} of '
                    f'{type(self).__name__} has no image that ends with '
                    f'`img_suffix` {self.img_suffix}')
            return data_list
        return [
            self.entry_data_info(entry)
            for entry in read_split_list(self.ann_file, self.backend_args, (
                self.img_suffix, self.seg_map_suffix))
        ]

    def entry_data_info(self, entry: SplitEntry) -> Dict:
        """Data info of one line of the list."""
        info = dict(
            img_path=self._find(entry, entry.image, 'img_path',
                                self.img_suffix),
            label_map=self.label_map,
            reduce_zero_label=self.reduce_zero_label,
            seg_fields=[])
        if self.data_prefix.get('seg_map_path') is not None:
            name = entry.seg_map or self._stem(entry.image)
            info['seg_map_path'] = self._find(entry, name, 'seg_map_path',
                                              self.seg_map_suffix)
        return info

    def _stem(self, image: str) -> str:
        """Name of an image without suffix and without its folder."""
        if not image.endswith(self.img_suffix):
            return image
        stem = image[:-len(self.img_suffix)]
        folder = self.data_prefix.get('img_path') or ''
        if self.data_root:
            folder = osp.relpath(folder, self.data_root)
        prefix = folder.rstrip('/') + '/'
        return stem[len(prefix):] if stem.startswith(prefix) else stem

    def _find(self, entry: SplitEntry, name: str, field: str,
              suffix: str) -> str:
        folder = self.data_prefix[field] or ''
        if name.endswith(suffix):
            candidates = [osp.join(folder, name)]
            if self.data_root:
                candidates.append(osp.join(self.data_root, name))
        else:
            candidates = [osp.join(folder, name + suffix)]
        # Looking for each file is for local disks only: a remote store would
        # answer thousands of requests.
        if self.backend_args is None:
            for path in candidates:
                if osp.isfile(path):
                    return path
            raise FileNotFoundError(
                f'line {entry.line} of the split list {self.ann_file} names '
                f'{name}, but there is no file {" or ".join(candidates)}; '
                f'check the list, `data_prefix.{field}` and the suffix '
                f'{suffix!r}')
        return candidates[-1] if '/' in name else candidates[0]


def write_split_list(path: str, names: Sequence[str]) -> None:
    """Write a list of names, one to a line, atomically.

    Args:
        path (str): The file; its folder is made.
        names (Sequence[str]): The names.
    """

    os.makedirs(osp.dirname(osp.abspath(path)), exist_ok=True)
    temporary = f'{path}.{os.getpid()}.tmp'
    with open(temporary, 'w', encoding='utf-8', newline='\n') as file:
        file.writelines(f'{name}\n' for name in names)
    os.replace(temporary, path)
