"""The images of a config's data set, loaded as the config tests."""
import os.path as osp
import sys
from typing import Iterable, Iterator, List, NamedTuple, Tuple

from mmcv.transforms import Compose
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.dist import get_dist_info, is_main_process
from mmengine.utils import ProgressBar
from mmseg.registry import DATASETS, TRANSFORMS
from torch.utils.data import DataLoader, Dataset

from ...datasets.dataset_tree import walk_datasets
from ...datasets.label_transforms import needs_labels
from .dataset_configs import dataset_leaves, find_source


class ListedImage(NamedTuple):
    """An image of a data set.

    Args:
        info (dict): Its data info.
        root (str): ``data_root`` of the data set, or its image folder.
        folder (str): Folder of the images, ``data_prefix.img_path``.
    """
    info: dict
    root: str
    folder: str

    def name(self, start: str) -> str:
        """Path relative to a folder, ending with .png."""
        relative = osp.relpath(self.info['img_path'], start)
        return osp.splitext(relative)[0] + '.png'


def list_images(cfg: Config,
                branch: str,
                start: str = 'root') -> List[ListedImage]:
    """List the images of a source of ``train_dataloader.dataset``.

    Args:
        cfg (Config): The config.
        branch (str): Name of the source.
        start (str): What names are relative to, 'root' or 'folder'. Defaults
            to 'root'.

    Raises:
        ValueError: If there is no such source, or two images would have the
            same name as PNG.
    """
    images, seen = [], {}
    for _, leaf in walk_datasets(DATASETS.build(find_source(cfg, branch))):
        folder = leaf.data_prefix.get('img_path') or '.'
        root = leaf.data_root or folder
        for i in range(len(leaf)):
            image = ListedImage(leaf.get_data_info(i), root, folder)
            name = image.name(getattr(image, start))
            if name in seen:
                raise ValueError(
                    f'{image.info["img_path"]} and {seen[name]} would both '
                    f'become {name}: name them differently.')
            seen[name] = image.info['img_path']
            images.append(image)
    return images


def test_pipeline(cfg: Config) -> List[dict]:
    """The transforms of ``test_dataloader`` that need no labels.

    Raises:
        ValueError: If the config has none, or several.
    """
    field = 'test_dataloader.dataset'
    dataset = (cfg.get('test_dataloader') or {}).get('dataset') or {}
    pipelines = [
        leaf.get('pipeline')
        for _, leaf in dataset_leaves(dataset, field, until='pipeline')
    ]
    if not pipelines or None in pipelines:
        raise ValueError(f'{field} has no pipeline: expected is one, which '
                         'loads the images.')
    if any(pipeline != pipelines[0] for pipeline in pipelines):
        raise ValueError(f'{field} has data sets of different pipelines: '
                         'expected is one, which loads the images.')
    return [t for t in pipelines[0] if not needs_labels(t)]


class _Images(Dataset):

    def __init__(self, images: List[ListedImage], pipeline: List[dict]):
        self.images = images
        self.pipeline = Compose([TRANSFORMS.build(t) for t in pipeline])

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> dict:
        info = dict(self.images[index].info, seg_fields=[])
        info.pop('seg_map_path', None)
        return self.pipeline(info)


def load_images(images: List[ListedImage],
                pipeline: List[dict],
                workers: int = 2) -> Iterator[Tuple[ListedImage, dict]]:
    """Load images one after the other, with a progress bar.

    Args:
        images (list[ListedImage]): What this rank is to load.
        pipeline (list[dict]): Configs of transforms.
        workers (int): Processes that load. Defaults to 2.

    Yields:
        tuple[ListedImage, dict]: An image and its batch of one.
    """
    loader = DataLoader(
        _Images(images, pipeline),
        batch_size=1,
        num_workers=workers,
        collate_fn=pseudo_collate)
    # in this order the bar gets to its end
    for batch, image in zip(show_progress(loader, len(images)), images):
        yield image, batch


def show_progress(items: Iterable, number: int) -> Iterator:
    """Pass items on, with a progress bar of the first process.

    Args:
        items (Iterable): Anything.
        number (int): How many of them there are.
    """
    # the other processes have as much to do
    bar = None
    if is_main_process() and number:
        bar = ProgressBar(number, file=sys.stdout)
    for item in items:
        yield item
        if bar is not None:
            bar.update()
    if bar is not None:
        print()


def share_of_rank(items: List) -> List:
    """Every ``world_size``-th item, from this rank's on."""
    rank, world_size = get_dist_info()
    return items[rank::world_size]
