"""Make masks of the new classes of a step from labels of images.

CONFIG trains the step; its field ``co_segmentor`` says what makes the masks.
OUT gets ``masks/``, one 16 bit PNG an image with a bit for each class that it
shows, some kilobytes each, and is what ``pseudo_masks`` of the data set names.
Model names, weights, all options and the labels are recorded in it: another
recipe is refused, and so are other labels of an image that has masks. A
command that was stopped goes on where it was; ``--launcher`` shares the images
out to several processes. Draws depend on the image alone::

    python tools/cosegment.py CONFIG OUT

    # IoU of each stage with labels of pixels, where there are some
    python tools/cosegment.py CONFIG OUT --evaluate --show 8
"""
import json
import sys
import zlib
from pathlib import Path

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[1]))

import mmseg_ext  # noqa: E402,F401  isort: skip  mends the stack first
import cv2  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from mmengine.dist import all_gather_object  # noqa: E402
from mmengine.dist import barrier, is_main_process  # noqa: E402
from mmseg.registry import MODELS, TRANSFORMS  # noqa: E402

from mmseg_ext.datasets import pseudo_mask_cache  # noqa: E402
from mmseg_ext.datasets.class_counts import image_names  # noqa: E402
from mmseg_ext.engine import offline  # noqa: E402
from mmseg_ext.engine.offline.incremental_data import \
    build_incremental_dataset  # noqa: E402
from mmseg_ext.utils.atomic_io import atomic_open  # noqa: E402
from mmseg_ext.visualization.co_segmentation_sheet import \
    draw_co_segmentation  # noqa: E402


def parse_args():
    parser = offline.offline_parser(
        __doc__, 'folder of the masks', checkpoint=False)
    parser.add_argument(
        '--evaluate',
        action='store_true',
        help='print the IoU with labels of pixels and write iou.json')
    parser.add_argument(
        '--show',
        type=int,
        default=0,
        help='images to draw on OUT/masks.png, before and after refinement')
    return parser.parse_args()


class Truth:
    """Labels of pixels of a data set, which no training of a step sees."""

    def __init__(self, cfg) -> None:
        dataset = build_incremental_dataset(cfg, hidden=True)
        infos = map(dataset.get_data_info, range(len(dataset)))
        self.infos = {info['img_path']: info for info in infos}
        self.load = TRANSFORMS.build(dict(type='LoadAnnotations'))

    def __call__(self, path: str, channels) -> np.ndarray:
        """Index into ``channels`` of every pixel, int64 (H, W).

        Of other classes -1, without a label -2.
        """
        labels = self.load(dict(self.infos[path]))['gt_seg_map']
        lookup = np.full(256, -1)
        lookup[list(channels)] = np.arange(len(channels))
        lookup[255] = -2
        return lookup[labels]


def load(info: dict, device) -> torch.Tensor:
    image = cv2.imread(info['img_path'])
    if image is None:
        raise ValueError(f'The image {info["img_path"]} is missing or broken.')
    return torch.from_numpy(image).permute(2, 0, 1).float().to(device)


class Evaluation:
    """IoU of the stages, by class."""

    def __init__(self, classes) -> None:
        self.classes = classes
        self.areas = {}

    def add(self, masks, truth: np.ndarray, names) -> None:
        for stage, maps in masks.items():
            if maps.dtype != torch.bool:
                continue
            maps = maps.cpu().numpy().astype(np.uint8)
            for i, name in enumerate(names):
                mask = cv2.resize(
                    maps[i],
                    truth.shape[::-1],
                    interpolation=cv2.INTER_NEAREST_EXACT) > 0
                mask, own = mask & (truth != -2), truth == i
                areas = self.areas.setdefault((stage, name), [0, 0])
                areas[0] += int((mask & own).sum())
                areas[1] += int((mask | own).sum())

    def reduce(self) -> None:
        """Sum up the areas of all processes."""
        shares, self.areas = all_gather_object(self.areas), {}
        for share in shares:
            for key, (both, either) in share.items():
                areas = self.areas.setdefault(key, [0, 0])
                areas[0] += both
                areas[1] += either

    def report(self) -> dict:
        found = {}
        for (stage, name), (both, either) in self.areas.items():
            found.setdefault(stage,
                             {})[name] = round(100 * both / max(either, 1), 2)
        return found


def main():
    args = parse_args()
    cfg = offline.read_config(args)
    if 'co_segmentor' not in cfg:
        raise ValueError(f'{args.config} must set co_segmentor = '
                         'dict(type=...), which makes the masks.')
    dataset = build_incremental_dataset(cfg)
    if dataset.loads_labels:
        raise ValueError(f'{args.config} trains step 0, which has labels of '
                         'pixels: give the config of a later step.')
    classes = list(dataset.metainfo['classes'])
    names = image_names(dataset)
    model = MODELS.build(cfg.co_segmentor)
    old = [
        c for c, step in zip(classes, dataset.metainfo['class_steps'])
        if step is not None and step < dataset.step
    ]
    model.set_old_classes(old)
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    for name, info in zip(names, infos):
        pseudo_mask_cache.check_class_count(info['image_labels'], name)
    cache = offline.OfflineCache(
        args.out,
        dict(
            tool='cosegment',
            task=dataset.task.name,
            step=dataset.step,
            classes=classes,
            co_segmentor=model.recipe()))
    recorded = pseudo_mask_cache.check_mask_labels(
        args.out, {
            name: [classes[c] for c in info['image_labels']]
            for name, info in zip(names, infos)
        })
    again = args.evaluate or args.show
    left = [
        i for i, name in enumerate(names) if again
        or not Path(pseudo_mask_cache.mask_path(args.out, name)).exists()
    ]
    barrier()  # all ranks look before any of them writes
    if is_main_process():
        with atomic_open(cache.path(pseudo_mask_cache.LABELS), 'w') as file:
            json.dump(dict(labels=recorded), file, indent=1)
        print(f'{len(left)} of {len(names)} images to co-segment', flush=True)
    barrier()  # no mask without its labels
    device = args.device or ('cuda' if torch.cuda.is_available() else 'cpu')
    model.to(device).eval()
    truth = Truth(cfg) if args.evaluate or model.reads_truth else None
    evaluation, shown = Evaluation(classes), []
    mine = offline.share_of_rank(left)
    for i in offline.show_progress(mine, len(mine)):
        info, channels = infos[i], infos[i]['image_labels']
        image = load(info, device)
        wanted = [classes[c] for c in channels]
        labels = truth and truth(info['img_path'], channels)
        masks = model.masks(
            image,
            wanted,
            zlib.crc32(names[i].encode()),
            truth=torch.from_numpy(labels) if model.reads_truth else None)
        bits = pseudo_mask_cache.encode_masks(masks['refined'].cpu().numpy())
        path = pseudo_mask_cache.mask_path(args.out, names[i])
        with atomic_open(path) as file:
            file.write(cv2.imencode('.png', bits)[1].tobytes())
        if args.evaluate:
            evaluation.add(masks, labels, wanted)
        if len(shown) < args.show:
            shown.append((image.cpu(), masks, channels))
    barrier()
    cache.finish(labels=recorded)
    if is_main_process() and shown:
        sheet = draw_co_segmentation(shown, classes,
                                     dataset.metainfo['palette'])
        with atomic_open(cache.path('masks.png')) as file:
            file.write(cv2.imencode('.png', sheet[..., ::-1])[1].tobytes())
    evaluation.reduce()
    if is_main_process() and args.evaluate:
        report = evaluation.report()
        print(json.dumps(report, indent=1))
        with atomic_open(cache.path('iou.json'), 'w') as file:
            json.dump(report, file, indent=1)


if __name__ == '__main__':
    main()
