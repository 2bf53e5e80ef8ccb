import json
import os
import os.path as osp
import shutil
import tempfile
from typing import Callable, Optional, Sequence, Tuple

import numpy as np

from .classes import DOMAINS, PALETTE, SPLITS
from .labels import categories, detections, panoptic
from .png import encode_png
from .render import Sample, render
from .stream import Stream

MANIFEST = 'toystreet.json'
FRACTIONS = (4, 8, 16, 32)
LIST_SEEDS = (0, 1, 2)
_VERSION = 1
_SHEET_COLUMNS = 6


def generate(out_dir: str,
             num_train: int = 256,
             num_val: int = 64,
             num_test: int = 0,
             seed: int = 0,
             image_size: Tuple[int, int] = (96, 128),
             progress: Optional[Callable[[int, int], None]] = None) -> bool:
    """Write the ToyStreet data set.

    For each domain (``day``, ``dusk``) and split::

        OUT/toystreet.json                         the arguments
        OUT/contact_sheet.png
        OUT/day/images/train/day_train_00000.png   RGB
        OUT/day/annotations/train/*.png            class ids, 255 is void
        OUT/day/instances/train/*.png              instance ids, 0 is none
        OUT/day/coco/instances_train.json          detection
        OUT/day/coco/panoptic_train.json           panoptic, with the folder
        OUT/day/coco/panoptic_train/*.png
        OUT/day/splits/1_8/labeled_seed0.txt       one name a line
        OUT/day/splits/1_8/unlabeled_seed0.txt     the other names

    An image depends on the seed, its domain, its split and its number alone:
    with fewer images one gets the first ones. The lists of one seed are
    nested, 1/32 in 1/16 in 1/8 in 1/4. The same arguments give the same
    bytes in every file on every machine. The directory appears when it is
    complete, under a temporary name before.

    Args:
        out_dir (str): Directory to make.
        num_train (int): Training images of each domain. Defaults to 256.
        num_val (int): Validation images of each domain. Defaults to 64.
        num_test (int): Test images of each domain. Defaults to 0.
        seed (int): Seed, 0 or more. Defaults to 0.
        image_size (tuple[int]): Height and width, 32 or more each. Defaults
            to (96, 128).
        progress (Callable, optional): Called with the number of images
            rendered and of all. Defaults to None.

    Returns:
        bool: True when it was written, False when ``out_dir`` holds this very
        data set already.

    Raises:
        ValueError: On a number out of range.
        FileExistsError: When ``out_dir`` holds something else.
    """
    counts = dict(train=num_train, val=num_val, test=num_test)
    manifest = dict(
        version=_VERSION,
        seed=seed,
        image_size=list(image_size),
        images=counts)
    _check(counts, seed, image_size)
    out_dir = osp.realpath(out_dir)  # a link stays one
    if _is_complete(out_dir, manifest):
        return False
    os.makedirs(osp.dirname(out_dir), exist_ok=True)
    temporary = tempfile.mkdtemp(
        prefix=f'.{osp.basename(out_dir)}.', dir=osp.dirname(out_dir))
    # A folder made by mkdtemp is closed to others, one inside it is not.
    root = osp.join(temporary, 'toystreet')
    try:
        total, done = len(DOMAINS) * sum(counts.values()), 0
        sheet = []
        for domain in DOMAINS:
            writer = _DomainWriter(osp.join(root, domain))
            shown = []
            for split in SPLITS:
                for index in range(counts[split]):
                    sample = render(domain, split, index, seed, image_size)
                    writer.add(f'{domain}_{split}_{index:05d}', split, sample)
                    shown.append(sample)
                    shown = shown[:_SHEET_COLUMNS]
                    done += 1
                    if progress is not None:
                        progress(done, total)
            writer.close(counts)
            sheet += _sheet_rows(shown)
        _write(
            osp.join(root, 'contact_sheet.png'),
            encode_png(np.concatenate(sheet)))
        _write_json(osp.join(root, MANIFEST), manifest)
        try:
            if osp.isdir(out_dir):
                os.rmdir(out_dir)
            os.replace(root, out_dir)
        except OSError:
            # Another process may have come first.
            if not _is_complete(out_dir, manifest):
                raise
            return False
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return True


class _DomainWriter:
    """Writes the files of one domain."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.names = {split: [] for split in SPLITS}
        self.images = {split: [] for split in SPLITS}
        self.panoptic = {split: [] for split in SPLITS}
        self.instances = {split: [] for split in SPLITS}

    def add(self, name: str, split: str, sample: Sample) -> None:
        file_name = name + '.png'
        height, width = sample.labels.shape
        number = len(self.names[split])
        self.names[split].append(name)
        self.images[split].append(
            dict(id=number, file_name=file_name, height=height, width=width))
        ids, segments = panoptic(sample.labels, sample.instances)
        self.panoptic[split].append(
            dict(image_id=number, file_name=file_name, segments_info=segments))
        for annotation in detections(sample.labels, sample.instances):
            annotation.update(
                id=len(self.instances[split]) + 1, image_id=number)
            self.instances[split].append(annotation)
        for folder, array in (
            (f'images/{split}', sample.image),
            (f'annotations/{split}', sample.labels),
            (f'instances/{split}', sample.instances),
            (f'coco/panoptic_{split}', ids),
        ):
            os.makedirs(osp.join(self.root, folder), exist_ok=True)
            _write(osp.join(self.root, folder, file_name), encode_png(array))

    def close(self, counts: dict) -> None:
        for split in SPLITS:
            if not counts[split]:
                continue
            for kind, annotations, things_only in (('panoptic',
                                                    self.panoptic[split],
                                                    False),
                                                   ('instances',
                                                    self.instances[split],
                                                    True)):
                _write_json(
                    osp.join(self.root, 'coco', f'{kind}_{split}.json'),
                    dict(
                        images=self.images[split],
                        annotations=annotations,
                        categories=categories(things_only)))
        self._write_lists()

    def _write_lists(self) -> None:
        names = self.names['train']
        for seed in LIST_SEEDS:
            order = Stream(seed).permutation(len(names))
            for fraction in FRACTIONS:
                labeled = set(order[:max(1, len(names) // fraction)].tolist())
                folder = osp.join(self.root, 'splits', f'1_{fraction}')
                os.makedirs(folder, exist_ok=True)
                for kind in ('labeled', 'unlabeled'):
                    lines = [
                        name + '\n' for i, name in enumerate(names)
                        if (i in labeled) == (kind == 'labeled')
                    ]
                    _write(
                        osp.join(folder, f'{kind}_seed{seed}.txt'),
                        ''.join(lines).encode())


def _check(counts: dict, seed: int, image_size: Sequence[int]) -> None:
    if counts['train'] < 1 or min(counts.values()) < 0:
        raise ValueError(
            'ToyStreet needs num_train >= 1, num_val >= 0 and num_test >= 0, '
            f'got {tuple(counts.values())}')
    if seed < 0:
        raise ValueError(f'the seed must be 0 or more, got {seed}')
    if len(image_size) != 2 or min(image_size) < 32:
        raise ValueError('image_size must be (height, width), 32 or more '
                         f'each, got {tuple(image_size)}')


def _is_complete(out_dir: str, manifest: dict) -> bool:
    """Whether ``out_dir`` holds the data set; an error if another thing."""
    if osp.isdir(out_dir) and not os.listdir(out_dir):
        return False
    if not osp.lexists(out_dir):
        return False
    try:
        with open(osp.join(out_dir, MANIFEST), encoding='utf-8') as file:
            found = json.load(file)
    except (OSError, ValueError):
        raise FileExistsError(
            f'{out_dir} exists and is not a ToyStreet data set (it has no '
            f'readable {MANIFEST}); choose another directory') from None
    if found != manifest:
        raise FileExistsError(
            f'{out_dir} holds a ToyStreet data set made with {found}, asked '
            f'for is {manifest}; remove it or choose another directory')
    return True


def _sheet_rows(samples: Sequence[Sample]) -> Sequence[np.ndarray]:
    """A row of images and one of coloured labels."""
    colours = np.zeros((256, 3), dtype=np.uint8)
    colours[:len(PALETTE)] = PALETTE
    blank = np.zeros_like(samples[0].image)
    rows = []
    for tiles in ([s.image
                   for s in samples], [colours[s.labels] for s in samples]):
        tiles = tiles + [blank] * (_SHEET_COLUMNS - len(tiles))
        rows.append(np.concatenate(tiles, axis=1))
    return rows


def _write(path: str, data: bytes) -> None:
    with open(path, 'wb') as file:
        file.write(data)


def _write_json(path: str, content: dict) -> None:
    text = json.dumps(content, sort_keys=True, separators=(',', ':'))
    _write(path, text.encode())
