"""Cut objects of known classes out of the training images of a step.

For ``MemoryCopyPaste``. OUT gets ``objects/``, one RGBA PNG an object, and at
last ``index.json``. In step 0 objects are cut by their labels. In later steps,
whose new classes have no labels of pixels, they are cut by what a trained
network is sure of, and the bank of the step before is taken over::

    python tools/build_memory_bank.py CONFIG OUT
    python tools/build_memory_bank.py CONFIG OUT --checkpoint CHECKPOINT \\
        --extend BANK

Objects are connected parts of a class. ``--instances`` names a folder of PNGs,
named like the images, which tell those of step 0 that touch apart: numbers of
8 bits (255 is none, the border in ``SegmentationObject`` of Pascal VOC) or of
16, or the colours of COCO's panoptic labels; 0 is none. Images, and classes in
an image, without numbers are cut by parts.

Which objects are taken depends on ``--seed`` and the labels alone. A bank that
is complete is left as it is, one of other labels refused; a killed command
begins again. One process does it all.
"""
import os.path as osp
import sys
from pathlib import Path
from typing import List, Optional

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[1]))

import mmseg_ext  # noqa: E402,F401  isort: skip  mends the stack first
import cv2  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from mmcv.transforms import Compose  # noqa: E402
from mmengine.dataset import pseudo_collate  # noqa: E402
from mmengine.dist import get_world_size  # noqa: E402
from mmseg.registry import TRANSFORMS  # noqa: E402

from mmseg_ext.datasets.class_counts import image_names  # noqa: E402
from mmseg_ext.datasets.memory_bank import INDEX, MemoryBank  # noqa: E402
from mmseg_ext.engine import offline  # noqa: E402
from mmseg_ext.engine.offline.incremental_data import (  # noqa: E402
    annotation_hash, build_incremental_dataset)
from mmseg_ext.engine.offline.memory_bank_builder import (  # noqa: E402
    MemoryBankBuilder, confident_parts, find_instances, read_instances)


def parse_args(argv: Optional[List[str]] = None):
    parser = offline.offline_parser(
        __doc__, 'folder of the bank', checkpoint=False)
    parser.add_argument(
        '--per-class', type=int, default=50, help='objects (default: 50)')
    parser.add_argument(
        '--min-area',
        type=float,
        default=0.005,
        help='least share of the image (default: 0.005)')
    parser.add_argument(
        '--max-side',
        type=int,
        default=320,
        help='longest side in pixels (default: 320)')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument(
        '--instances', help='folder of the instances of step 0')
    parser.add_argument('--extend', help='bank of the step before')
    parser.add_argument(
        '--checkpoint', help='of the network that cuts in steps from 1 on')
    parser.add_argument(
        '--least-confidence',
        type=float,
        default=0.8,
        help='mean score of an object that it cuts (default: 0.8)')
    args = parser.parse_args(argv)
    for name, least, most in (('per_class', 1, None), ('max_side', 1, None),
                              ('min_area', 0, 1), ('least_confidence', 0, 1)):
        value = getattr(args, name)
        if value < least or (most is not None and value > most):
            expected = f'>= {least}' if most is None else f'in [0, {most}]'
            parser.error(f'--{name.replace("_", "-")} must be {expected} but '
                         f'is {value}')
    return args


def read_image(path: str) -> np.ndarray:
    image = cv2.imread(path)
    if image is None:
        raise ValueError(f'The image {path} is missing or broken.')
    return image


def label_loader(dataset, names, instances):
    """Labels of pixels, of step 0."""
    load_labels = TRANSFORMS.build(dict(type='LoadAnnotations'))

    def load(index: int):
        info = dataset.get_data_info(index)
        image = read_image(info['img_path'])
        labels = load_labels(info)['gt_seg_map']
        if names[index] not in instances:
            return names[index], image, labels
        return names[index], image, labels, read_instances(
            instances[names[index]], labels.shape)

    return load


def prediction_loader(dataset, names, cfg, args):
    """What the network of the step is sure of."""
    model, _ = offline.load_model(cfg, args)
    found = list((model.dataset_meta or {}).get('classes', ()))
    classes = list(dataset.metainfo['classes'])
    # that of the step before would load, with random rows for the new ones
    if found and found != classes:
        raise ValueError(f'--checkpoint {args.checkpoint} has the classes '
                         f'{found}, but those of step {dataset.step} are '
                         f'{classes}: give the one that it has trained.')
    pipeline = Compose(
        [TRANSFORMS.build(t) for t in offline.test_pipeline(cfg)])

    @torch.no_grad()
    def load(index: int):
        info = dataset.get_data_info(index)
        image = read_image(info['img_path'])
        batch = pseudo_collate([pipeline(dict(info, seg_fields=[]))])
        scores = model.test_step(batch)[0].seg_logits.data.float().sigmoid()
        confidence, labels = scores.max(0)
        if labels.shape != image.shape[:2]:
            raise ValueError(
                f'test_dataloader of {args.config} has the image '
                f'{info["img_path"]} of {image.shape[:2]} pixels predicted as '
                f'{tuple(labels.shape)}, so objects of it cannot be cut: give '
                'a config that tests whole images at their size.')
        kept = confident_parts(
            labels.byte().cpu().numpy(),
            confidence.cpu().numpy(),
            info['image_labels'],
            args.least_confidence,
            min_pixels=args.min_area * labels.numel())
        return names[index], image, kept

    return load


def main():
    args = parse_args()
    cfg = offline.read_config(args)
    if get_world_size() > 1:
        raise ValueError(f'--launcher {args.launcher} has {get_world_size()} '
                         'processes, each of which would cut the same '
                         'objects: expected is 1.')
    dataset = build_incremental_dataset(cfg)
    if not dataset.loads_labels and args.checkpoint is None:
        raise ValueError(f'Step {dataset.step} has no labels of pixels: give '
                         '--checkpoint of the network that it has trained.')
    bank = MemoryBank(args.extend) if args.extend else None
    # as the data set lists them, which selects among those of the inner one
    names = image_names(dataset)
    instances = {}
    if args.instances and dataset.loads_labels:
        instances = find_instances(args.instances, names)
    cache = offline.OfflineCache(
        args.out,
        dict(
            tool='build_memory_bank',
            task=dataset.task.name,
            step=dataset.step,
            classes=dataset.metainfo['classes'],
            images=len(dataset),
            annotations=annotation_hash(dataset, names, instances),
            per_class=args.per_class,
            min_area=args.min_area,
            max_side=args.max_side,
            seed=args.seed,
            extend=bank and bank.fingerprint,
            checkpoint=args.checkpoint and offline.file_hash(args.checkpoint),
            least_confidence=args.least_confidence))
    if osp.exists(cache.path(INDEX)):
        return print(f'{args.out}: complete')
    steps = dataset.metainfo['class_steps']
    labels = [i for i, step in enumerate(steps) if step == dataset.step]
    builder = MemoryBankBuilder(
        args.out,
        dataset.metainfo['classes'],
        labels,
        args.per_class,
        args.min_area,
        args.max_side,
        pseudo=not dataset.loads_labels)
    if bank is not None:
        builder.adopt(bank)
    order = np.random.default_rng(args.seed).permutation(len(dataset))
    load = (
        label_loader(dataset, names, instances) if dataset.loads_labels else
        prediction_loader(dataset, names, cfg, args))
    builder.collect([int(i) for i in order], load)
    size = builder.write(dataset.task.name, dataset.step)
    cache.finish(objects=len(builder.entries), bytes=size)
    print(f'{args.out}: {len(builder.entries)} objects, {size / 1e6:.1f} MB '
          f'(at most {builder.bound / 1e6:.0f} MB for the '
          f'{len(labels)} classes of this step)')


if __name__ == '__main__':
    main()
