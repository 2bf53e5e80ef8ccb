"""Translate the images of a data set with a trained CycleGAN.

OUT is laid out as the ``data_root`` of the images, as PNG, and everything
beside the folder of the images (labels, lists) is linked into it: name OUT as
``data_root`` and train on it. Labels must lie below ``data_root`` too, in
another folder than the images. Images of several folders may be translated at
a time, those of several ``data_root`` may not. Images pass through the
transforms of ``test_dataloader``. A command that was stopped goes on where it
was::

    python tools/translate_dataset.py CONFIG CHECKPOINT OUT

    # on four GPUs
    python -m torch.distributed.run --nproc_per_node 4 \\
        tools/translate_dataset.py CONFIG CHECKPOINT OUT --launcher pytorch
"""
import os
import os.path as osp
import sys
from pathlib import Path
from typing import Collection, List, Optional, Set, Tuple

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[1]))

import mmseg_ext  # noqa: E402,F401  isort: skip  mends the stack first
import cv2  # noqa: E402
import torch  # noqa: E402
from mmengine.dist import barrier, is_main_process  # noqa: E402

from mmseg_ext.engine import offline  # noqa: E402
from mmseg_ext.utils.atomic_io import atomic_open  # noqa: E402
from mmseg_ext.utils.config_fields import type_name  # noqa: E402

DIRECTIONS = dict(source='source2target', target='target2source')


def parse_args(argv: Optional[List[str]] = None):
    parser = offline.offline_parser(__doc__,
                                    'folder of the translated data set')
    parser.add_argument(
        '--branch',
        choices=list(DIRECTIONS),
        default='source',
        help='which images to translate into the other domain '
        '(default: source)')
    parser.add_argument(
        '--size',
        choices=['file', 'network'],
        default='file',
        help='size of the written images: that of the file, so that labels '
        'fit (default), or that which the test pipeline makes')
    return parser.parse_args(argv)


@torch.no_grad()
def translate(model, images: List[offline.ListedImage], pipeline: List[dict],
              direction: str, args) -> None:
    """Translate and write images."""
    for image, batch in offline.load_images(images, pipeline, args.workers):
        inputs = model.data_preprocessor(batch, False)['inputs']
        made, = model.translate_to_bytes(inputs, direction)
        made = made.permute(1, 2, 0).cpu().numpy()
        if args.size == 'file':
            height, width = batch['data_samples'][0].ori_shape
            if made.shape[:2] != (height, width):
                made = cv2.resize(
                    made, (width, height), interpolation=cv2.INTER_CUBIC)
        with atomic_open(osp.join(args.out, image.name(image.root))) as file:
            file.write(cv2.imencode('.png', made)[1].tobytes())


def image_folders(images: List[offline.ListedImage],
                  out: str) -> Set[Tuple[str, Path]]:
    """``data_root`` and the folder below it, of all images.

    Raises:
        ValueError: If translated images would not be written below OUT.
    """
    folders = {(image.root, Path(osp.relpath(image.folder, image.root)))
               for image in images}
    for root, below in folders:
        place = Path(out, below).resolve()
        if place != Path(out).resolve() / below:
            raise ValueError(
                f'Images of {osp.join(root, below)} would be written to '
                f'{place}, not below OUT {out}: expected are images below '
                'data_root, and no links to their folders in OUT.')
    return folders


def is_on_the_way(path: Path, written: Collection[Path]) -> bool:
    """Whether images are written into, or below, a path."""
    # through a link they would replace their originals
    return any(
        path.is_relative_to(x) or x.is_relative_to(path) for x in written)


def check_labels(images: List[offline.ListedImage],
                 folders: Set[Tuple[str, Path]], cfg, branch: str) -> None:
    """Refuse labels that would not be found below OUT.

    Raises:
        ValueError: If no link leads to one, or an image has its name.
    """
    written = [below for _, below in folders]
    linked = {above for below in written for above in below.parents}
    made = {Path(image.name(image.root)) for image in images}
    # those are found wherever data_root is
    fixed = tuple(
        prefix for _, leaf in offline.source_leaves(cfg, branch)
        for prefix in [(leaf.get('data_prefix') or {}).get('seg_map_path')]
        if prefix and osp.isabs(prefix))
    for image in images:
        label = image.info.get('seg_map_path')
        if not label or label.startswith(fixed) or not osp.isfile(label):
            continue
        if label == image.info['img_path']:  # no data_prefix: none is meant
            continue
        path = Path(osp.relpath(label, image.root))
        found = '..' not in path.parts and path not in made and any(
            part.parent in linked and not is_on_the_way(part, written)
            for part in (path, *path.parents[:-1]))
        if not found:
            raise ValueError(
                f'data_prefix.seg_map_path of train_dataloader.dataset.'
                f'{branch} has the label {label}, which cannot be linked into '
                'OUT: expected are labels below data_root, in another folder '
                'than the images.')


def link_siblings(folders: Set[Tuple[str, Path]], out: str) -> None:
    """Link what lies beside the folders of the images, at every level."""
    written = [below for _, below in folders]
    for root, below in sorted(folders):
        os.makedirs(osp.join(out, below), exist_ok=True)
        for above in below.parents:
            for name in os.listdir(osp.join(root, above)):
                path = above / name
                if not is_on_the_way(path, written) and not osp.lexists(
                        osp.join(out, path)):
                    os.symlink(
                        osp.abspath(osp.join(root, path)), osp.join(out, path))


def main():
    args = parse_args()
    cfg = offline.read_config(args)
    kind = type_name(cfg.model)
    if kind != 'CycleGAN':
        raise ValueError(f'CONFIG {args.config} has the model {kind}: '
                         'expected is a CycleGAN.')
    cfg.model.update(perceptual=None, judge=None)
    offline.check_data_root(cfg, args.branch)
    images, pipeline = offline.list_images(
        cfg, args.branch), offline.test_pipeline(cfg)
    for root in {image.root for image in images}:
        if Path(root).resolve() in [
                Path(args.out).resolve(), *Path(args.out).resolve().parents
        ]:
            raise ValueError(f'OUT {args.out} lies in the data set {root} '
                             'that is translated: give a folder outside.')
    folders = image_folders(images, args.out)
    check_labels(images, folders, cfg, args.branch)
    cache = offline.OfflineCache(
        args.out,
        dict(
            tool='translate_dataset',
            checkpoint=offline.file_hash(args.checkpoint),
            generator=cfg.model.generator.to_dict(),
            roots=sorted({osp.abspath(image.root)
                          for image in images}),
            branch=args.branch,
            size=args.size,
            pipeline=[dict(transform) for transform in pipeline],
            **offline.inference_settings(cfg)))
    left = [
        image for image in images
        if not osp.exists(cache.path(image.name(image.root)))
    ]
    # all ranks look before any of them writes
    barrier()
    if is_main_process():
        print(f'{len(left)} of {len(images)} images to translate', flush=True)
    direction = DIRECTIONS[args.branch]
    if left:
        model, _ = offline.load_model(cfg, args, [f'generators.{direction}.'])
    if is_main_process():
        link_siblings(folders, args.out)
    if left:
        translate(model, offline.share_of_rank(left), pipeline, direction,
                  args)
    barrier()
    cache.finish(images=len(images))


if __name__ == '__main__':
    main()
