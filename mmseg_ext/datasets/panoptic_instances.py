"""Instance labels out of panoptic ones."""
import glob
import json
import os.path as osp
from typing import Callable, List, Optional

import numpy as np
from PIL import Image

from ..utils.atomic_io import atomic_open

__all__ = [
    'panoptic_instances', 'write_panoptic_instances',
    'write_toystreet_instances'
]


def write_panoptic_instances(
        ann_file: str,
        seg_prefix: str,
        out: str,
        progress: Optional[Callable[[int, int], None]] = None) -> int:
    """Write COCO's instance labels of the things of a panoptic label file.

    Args:
        ann_file (str): Panoptic JSON.
        seg_prefix (str): Folder of its PNG files.
        out (str): JSON to write, whole or not at all.
        progress (Callable, optional): Called with the number of images done
            and of all. Defaults to None.

    Returns:
        int: Number of instances.

    Raises:
        ValueError: If a file is no panoptic label.
    """
    with open(ann_file, encoding='utf-8') as file:
        labels = json.load(file)
    try:
        things = {
            category['id']
            for category in labels['categories'] if category['isthing']
        }
        annotations = labels['annotations']
        annotations[0]['segments_info']
    except (KeyError, IndexError, TypeError) as error:
        raise ValueError(f'{ann_file} is no panoptic label file (it lacks '
                         f'{error}).') from error
    instances: List[dict] = []
    for done, annotation in enumerate(annotations, 1):
        path = osp.join(seg_prefix, annotation['file_name'])
        for instance in panoptic_instances(annotation, path, things):
            instance['id'] = len(instances) + 1
            instances.append(instance)
        if progress is not None:
            progress(done, len(annotations))
    content = dict(
        images=labels['images'],
        annotations=instances,
        # all, so that the place of a category is its label
        categories=labels['categories'])
    with atomic_open(out, 'w') as file:
        json.dump(content, file)
    return len(instances)


def write_toystreet_instances(root: str) -> List[str]:
    """Write ``panoptic_instances_<split>.json`` beside ToyStreet's labels.

    They are its instance labels with the categories of its panoptic ones.

    Args:
        root (str): Folder of the data set.

    Returns:
        list[str]: Files written; those that are there are left alone.
    """
    written = []
    pattern = osp.join(glob.escape(root), '*', 'coco', 'instances_*.json')
    for path in sorted(glob.glob(pattern)):
        folder, name = osp.split(path)
        out = osp.join(folder, f'panoptic_{name}')
        if osp.exists(out):
            continue
        with open(path, encoding='utf-8') as file:
            content = json.load(file)
        panoptic = osp.join(folder, name.replace('instances', 'panoptic', 1))
        with open(panoptic, encoding='utf-8') as file:
            content['categories'] = json.load(file)['categories']
        with atomic_open(out, 'w') as file:
            json.dump(content, file)
        written.append(out)
    return written


def panoptic_instances(annotation: dict, path: str, things: set) -> List[dict]:
    """Instances of one image.

    Args:
        annotation (dict): Its entry of the panoptic JSON.
        path (str): Its PNG.
        things (set[int]): Categories that are counted.

    Returns:
        list[dict]: COCO's annotations with compressed masks, without ids.

    Raises:
        ValueError: If a segment has no pixel.
    """
    from pycocotools import mask as mask_code
    colours = np.asarray(Image.open(path).convert('RGB'), dtype=np.int32)
    ids = colours @ np.array([1, 256, 256**2], dtype=np.int32)
    instances = []
    for segment in annotation['segments_info']:
        if segment['category_id'] not in things:
            continue
        mask = ids == segment['id']
        if not mask.any():
            raise ValueError(f'{path} has no pixel of the segment '
                             f'{segment["id"]}.')
        code = mask_code.encode(np.asfortranarray(mask, dtype=np.uint8))
        instances.append(
            dict(
                image_id=annotation['image_id'],
                category_id=segment['category_id'],
                iscrowd=int(segment.get('iscrowd', 0)),
                area=int(mask.sum()),
                bbox=[float(side) for side in mask_code.toBbox(code)],
                segmentation=dict(
                    size=list(code['size']), counts=code['counts'].decode())))
    return instances
