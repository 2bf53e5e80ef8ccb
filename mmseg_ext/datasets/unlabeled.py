import os.path as osp
from typing import Dict, List, Sequence, Union

import mmengine.fileio as fileio
from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS

from .split_lists import (IMG_SUFFIXES, SplitEntry, SplitListMixin,
                          read_split_list)


@DATASETS.register_module()
class UnlabeledImageDataset(SplitListMixin, BaseSegDataset):
    """A folder of images and nothing else: no label maps, no list needed.

    The folder is searched with its sub-folders; sizes and formats may be
    mixed. Images come in the order of their paths.

    Pseudo labels of a self-training may lie in ``data_prefix.seg_map_path``,
    in the sub-folders and under the names of the images, as PNG; the pipeline
    then loads them with ``LoadAnnotations``.

    Args:
        img_suffix (str | Sequence[str]): Endings of the files to take,
            whatever their case. Defaults to the usual image formats.
        ann_file (str): A list of images to take, in any form that
            :func:`read_split_list` reads; '' for all images of the folder.
            Defaults to ''.
        exclude_ann_file (str): A list of images to leave out, e.g. the
            labelled ones; '' for none. Relative to ``data_root`` like
            ``ann_file``. Defaults to ''.
        **kwargs: Arguments of :class:`mmseg.datasets.BaseSegDataset`.

    Raises:
        FileNotFoundError: When the folder or a listed image is missing.
        ValueError: When no image is left.
    """

    def __init__(self,
                 img_suffix: Union[str, Sequence[str]] = IMG_SUFFIXES,
                 ann_file: str = '',
                 exclude_ann_file: str = '',
                 **kwargs) -> None:
        if isinstance(img_suffix, str):
            img_suffix = (img_suffix, )
        self.exclude_ann_file = exclude_ann_file
        super().__init__(
            img_suffix=tuple(suffix.lower() for suffix in img_suffix),
            ann_file=ann_file,
            **kwargs)

    def _join_prefix(self) -> None:
        super()._join_prefix()
        if self.exclude_ann_file and not osp.isabs(self.exclude_ann_file):
            self.exclude_ann_file = osp.join(self.data_root,
                                             self.exclude_ann_file)

    def load_data_list(self) -> List[dict]:
        """Search the folder.

        Returns:
            list[dict]: Data info of every image, with ``seg_map_path`` only
            where ``data_prefix`` has one.
        """
        folder = self.data_prefix.get('img_path') or ''
        if not fileio.isdir(folder or '.', backend_args=self.backend_args):
            raise FileNotFoundError(
                f'the image folder `data_prefix.img_path` {folder} of '
                f'{type(self).__name__} does not exist')
        files = sorted(
            name for name in fileio.list_dir_or_file(
                folder or '.',
                list_dir=False,
                recursive=True,
                backend_args=self.backend_args)
            if name.lower().endswith(self.img_suffix))
        if not files:
            raise ValueError(
                f'the image folder `data_prefix.img_path` {folder} of '
                f'{type(self).__name__} has no image that ends with '
                f'`img_suffix` {", ".join(self.img_suffix)}')
        if self.ann_file:
            files = self._listed(files, self.ann_file)
        if self.exclude_ann_file:
            excluded = set(self._listed(files, self.exclude_ann_file, False))
            files = [name for name in files if name not in excluded]
            if not files:
                raise ValueError(
                    f'`exclude_ann_file` {self.exclude_ann_file} leaves no '
                    f'image of `data_prefix.img_path` {folder} of '
                    f'{type(self).__name__}')
        return [self._data_info(folder, name) for name in files]

    def _listed(self,
                files: Sequence[str],
                list_path: str,
                must_exist: bool = True) -> List[str]:
        """The files that a list names, in the order of the list."""
        by_name: Dict[str, str] = {}
        for name in files:
            key = name.replace('\\', '/')
            by_name[key] = name
            for suffix in self.img_suffix:
                if key.lower().endswith(suffix):
                    by_name.setdefault(key[:-len(suffix)], name)
        prefix = self._folder_in_root()
        found = []
        for entry in read_split_list(list_path, self.backend_args,
                                     self.img_suffix):
            name = by_name.get(entry.image)
            if name is None and entry.image.startswith(prefix):
                name = by_name.get(entry.image[len(prefix):])
            if name is not None:
                found.append(name)
            elif must_exist:
                self._raise_missing(entry, list_path)
        return found

    def _folder_in_root(self) -> str:
        """The image folder as paths relative to ``data_root`` begin."""
        folder = self.data_prefix.get('img_path') or ''
        if self.data_root:
            folder = osp.relpath(folder, self.data_root)
        return folder.replace('\\', '/').rstrip('/') + '/'

    def _raise_missing(self, entry: SplitEntry, list_path: str) -> None:
        raise FileNotFoundError(
            f'line {entry.line} of the split list {list_path} names '
            f'{entry.image}, but {self.data_prefix.get("img_path")} has no '
            f'such image with `img_suffix` {", ".join(self.img_suffix)}')

    def _data_info(self, folder: str, name: str) -> Dict:
        info = dict(
            img_path=osp.join(folder, name),
            label_map=None,
            reduce_zero_label=self.reduce_zero_label,
            seg_fields=[])
        labels = self.data_prefix.get('seg_map_path')
        # both are the root where `data_prefix` is left out
        if labels and labels != self.data_prefix.get('img_path'):
            info['seg_map_path'] = osp.join(labels,
                                            osp.splitext(name)[0] + '.png')
        return info
