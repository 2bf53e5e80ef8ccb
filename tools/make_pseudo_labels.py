"""Make pseudo labels of images without labels with a trained segmentor.

A pixel keeps its predicted class where its confidence reaches the threshold
of the class, and is 255 otherwise. Thresholds are taken over all images: the
median confidence of the class, but 0.9 at most, as BDL's code has it. OUT gets

- ``labels/``: label maps of the size of the images, under their names, for
  ``data_prefix.seg_map_path``;
- ``predictions/`` and ``confidences/`` (16 bit) at the size of the network's
  input, of which other thresholds can be taken without the network;
- ``report.json``: thresholds and kept pixels by class, and with ``--truth``
  the shares of right ones among the kept and among all.

The network sees each image once, and nothing but histograms is held in
memory. A command that was stopped goes on where it was; ``--launcher`` shares
the images out to several processes::

    python tools/make_pseudo_labels.py CONFIG CHECKPOINT OUT
"""
import json
import os.path as osp
import sys
from pathlib import Path
from typing import List, Optional, Tuple

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[1]))

import mmseg_ext  # noqa: E402,F401  isort: skip  mends the stack first
import cv2  # noqa: E402
import numpy as np  # noqa: E402
from mmengine.dist import barrier, is_main_process  # noqa: E402

from mmseg_ext.datasets.label_maps import read_label_map  # noqa: E402
from mmseg_ext.engine import offline  # noqa: E402
from mmseg_ext.utils.atomic_io import atomic_open  # noqa: E402

IGNORED = 255


def parse_args(argv: Optional[List[str]] = None):
    parser = offline.offline_parser(__doc__, 'folder of the pseudo labels')
    parser.add_argument(
        '--branch',
        default='target',
        help='source of train_dataloader.dataset to label (default: target)')
    parser.add_argument(
        '--quantile',
        type=float,
        default=0.5,
        help='of the confidences of a class (default: 0.5)')
    parser.add_argument(
        '--cap',
        type=float,
        default=0.9,
        help='highest threshold (default: 0.9)')
    parser.add_argument(
        '--fixed',
        type=float,
        help='one threshold for all classes in place of both')
    parser.add_argument(
        '--upsample',
        choices=['probability', 'logits'],
        default='probability',
        help='what is upsampled: the softmax on the grid of the head '
        '(default, whole images only), or logits, as at inference, with '
        'test_cfg.mode')
    parser.add_argument(
        '--truth',
        metavar='FOLDER',
        help='of true label maps under the names of the images, to report '
        'how many pseudo labels are right')
    args = parser.parse_args(argv)
    for name in ('quantile', 'cap', 'fixed'):
        value = getattr(args, name)
        if value is not None and not 0 <= value <= 1:
            parser.error(f'--{name} must be in [0, 1] but is {value}')
    return args


def predict(maps: offline.ConfidenceMaps, images: List[offline.ListedImage],
            pipeline: List[dict], cache: offline.OfflineCache,
            workers: int) -> None:
    """Write prediction and confidence of images."""
    for image, batch in offline.load_images(images, pipeline, workers):
        labels, confidence = maps(batch)
        name = image.name(image.folder)
        write(cache.path('predictions', name), labels.byte().cpu().numpy())
        # the last one, by which a finished image is told
        write(cache.path('confidences', name), offline.to_levels(confidence))


def write(path: str, image: np.ndarray) -> None:
    with atomic_open(path) as file:
        file.write(cv2.imencode('.png', image)[1].tobytes())


def read(cache: offline.OfflineCache, image: offline.ListedImage):
    """Prediction and confidence of an image."""
    name = image.name(image.folder)
    maps = [
        cv2.imread(cache.path(folder, name), cv2.IMREAD_UNCHANGED)
        for folder in ('predictions', 'confidences')
    ]
    if any(x is None for x in maps) or maps[0].shape != maps[1].shape:
        raise ValueError(f'{cache.path("predictions", name)} or its twin in '
                         'confidences is broken: remove both.')
    return maps


def true_label_path(image: offline.ListedImage, folder: str) -> str:
    return osp.join(folder, image.name(image.folder))


def check_truth(image: offline.ListedImage, folder: str) -> None:
    """Stop unless there is a label map of the size of the image."""
    path = true_label_path(image, folder)
    if not osp.isfile(path):
        raise SystemExit(f'--truth has no {path} for '
                         f'{image.info["img_path"]}.')
    try:
        found = read_label_map(path).shape
    except ValueError as error:
        raise SystemExit(f'--truth: {error}')
    wanted = image_shape(image.info['img_path'])
    if found != wanted:
        raise SystemExit(f'--truth: {path} is of shape {found}, but its image '
                         f'{image.info["img_path"]} of shape {wanted}.')


def image_shape(path: str) -> Tuple[int, int]:
    """Height and width of an image."""
    image = cv2.imread(path)
    if image is None:
        raise SystemExit(f'The image {path} is missing or broken.')
    return image.shape[:2]


def write_labels(images: List[offline.ListedImage],
                 cache: offline.OfflineCache,
                 thresholds: np.ndarray,
                 truth: Optional[str] = None) -> offline.PseudoLabelAccuracy:
    """Write what the thresholds keep, at the size of the images."""
    accuracy = offline.PseudoLabelAccuracy(len(thresholds), IGNORED)
    least = offline.least_levels(thresholds)
    for image in offline.show_progress(images, len(images)):
        labels, levels = read(cache, image)
        kept = np.where(levels >= least[labels], labels,
                        IGNORED).astype(np.uint8)
        height, width = image_shape(image.info['img_path'])
        if kept.shape != (height, width):
            labels, kept = (
                cv2.resize(
                    x, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
                for x in (labels, kept))
        write(cache.path('labels', image.name(image.folder)), kept)
        if truth is not None:
            wanted = read_label_map(true_label_path(image, truth))
            accuracy.update(labels, kept, wanted)
    return accuracy


def print_report(rows: List[dict], classes) -> None:
    print(f'{"class":20s} {"threshold":>9} {"predicted":>12} {"kept":>12} '
          f'{"ratio":>6} {"confidence":>10}')
    for name, row in zip(classes, rows):
        print(f'{name:20s} {row["threshold"]:9.4f} {row["predicted"]:12d} '
              f'{row["kept"]:12d} {row["kept_ratio"]:6.1%} '
              f'{row["confidence"]:10.3f}')


def main():
    args = parse_args()
    cfg = offline.read_config(args)
    images, pipeline = offline.list_images(
        cfg, args.branch, 'folder'), offline.test_pipeline(cfg)
    cache = offline.OfflineCache(
        args.out,
        dict(
            tool='make_pseudo_labels',
            checkpoint=offline.file_hash(args.checkpoint),
            branch=args.branch,
            folders=sorted({osp.abspath(image.folder)
                            for image in images}),
            upsample=args.upsample,
            quantile=args.quantile,
            cap=args.cap,
            fixed=args.fixed,
            pipeline=[dict(transform) for transform in pipeline],
            **offline.inference_settings(cfg)))
    left = [
        image for image in images
        if not osp.exists(cache.path('confidences', image.name(image.folder)))
    ]
    barrier()  # all ranks look before any of them writes
    if args.truth is not None:
        for image in offline.share_of_rank(images):
            check_truth(image, args.truth)
    if is_main_process():
        print(f'{len(left)} of {len(images)} images to predict', flush=True)
    model, _ = offline.load_model(cfg, args)
    maps = offline.ConfidenceMaps(model, args.upsample)
    predict(maps, offline.share_of_rank(left), pipeline, cache, args.workers)
    barrier()

    mine = offline.share_of_rank(images)
    histogram = offline.ConfidenceHistogram(maps.num_classes)
    for image in offline.show_progress(mine, len(mine)):
        histogram.update(*read(cache, image))
    histogram.reduce()
    thresholds = histogram.thresholds(args.quantile, args.cap, args.fixed)
    accuracy = write_labels(mine, cache, thresholds, args.truth)
    accuracy.reduce()
    barrier()
    if is_main_process():
        classes = getattr(model, 'dataset_meta', None) or {}
        classes = list(classes.get('classes') or range(maps.num_classes))
        rows = histogram.report(thresholds)
        if args.truth is not None:
            rows = [a | b for a, b in zip(rows, accuracy.report())]
        print_report(rows, map(str, classes))
        if args.truth is not None:
            total = accuracy.total()
            print(f'right: {total["kept_accuracy"]:.1%} of the kept pixels, '
                  f'{total["accuracy"]:.1%} of all')
        with atomic_open(cache.path('report.json'), 'w') as file:
            json.dump({
                str(c): row
                for c, row in zip(classes, rows)
            },
                      file,
                      indent=1)
    cache.finish(images=len(images))


if __name__ == '__main__':
    main()
