"""Explain the images of a classification data set by many classifiers.

What is done is told by the field ``explanation`` of CONFIG: the classifiers,
what explains them, and the data set, any of mmpretrain, such as a folder of
images for each class. OUT gets

- ``deciles/``: a PNG for each image, of its size and under its name, with the
  rank of every pixel in ten levels (``explanation.store='binary'``: the top
  level alone);
- ``images.jsonl`` and ``finished.json``, when all images are done, for the
  ``ann_file`` of a PSSLDataset;
- ``flags/``: what was unusual of an image;
- ``sheets/``: pictures, with ``--sheets``; ``members/``: the levels of every
  classifier, with ``--keep-members``.

Images are shared out to the processes of ``--launcher``, and to machines that
share nothing but OUT by ``--shard``. A command that was stopped goes on where
it was; the noise is a function of image and classifier, so that the files are
the same however the work was shared::

    python tools/explain_dataset.py CONFIG OUT

    # on eight GPUs
    python -m torch.distributed.run --nproc_per_node 8 \\
        tools/explain_dataset.py CONFIG OUT --launcher pytorch
"""
import json
import os.path as osp
import re
import sys
import time
from pathlib import Path
from typing import List

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[1]))

import mmseg_ext  # noqa: E402,F401  isort: skip  mends the stack first
import cv2  # noqa: E402
import torch  # noqa: E402
from mmengine.dist import barrier, is_main_process  # noqa: E402

from mmseg_ext.engine import offline  # noqa: E402
from mmseg_ext.engine.offline.cache import MANIFEST  # noqa: E402
from mmseg_ext.engine.offline.explanation_store import SHEETS  # noqa: E402
from mmseg_ext.engine.offline.explanation_store import \
    sheet_images  # noqa: E402
from mmseg_ext.models.explainers import ExplanationEnsemble  # noqa: E402
from mmseg_ext.models.explainers import to_deciles  # noqa: E402
from mmseg_ext.models.explainers.classifier import read_model  # noqa: E402
from mmseg_ext.utils.atomic_io import atomic_open  # noqa: E402
from mmseg_ext.visualization import draw_explanation  # noqa: E402

# Of ``explanation``, and not an argument of ExplanationEnsemble.
DATA_FIELDS = dict(short_side=224, store='decile')
DEFAULT_EXPLAINER = dict(type='SmoothGrad')


def parse_args():
    parser = offline.offline_parser(
        __doc__, 'folder of the explanations', checkpoint=False)
    parser.add_argument(
        '--amp',
        choices=['bfloat16', 'float16'],
        help='mixed precision of the classifiers')
    parser.add_argument(
        '--shard',
        default='0/1',
        help='I/N: of N commands that share OUT, this is number I')
    parser.add_argument(
        '--keep-members',
        action='store_true',
        help='keep the levels of every classifier')
    parser.add_argument(
        '--sheets',
        type=int,
        default=0,
        help='images to draw, evenly spread (default: 0)')
    args = parser.parse_args()
    found = re.fullmatch(r'(\d+)/(\d+)', args.shard)
    args.shard = [int(x) for x in found.groups()] if found else [1, 0]
    if args.shard[0] >= args.shard[1]:
        parser.error('--shard must be I/N with 0 <= I < N')
    return args


def read_explanation(cfg, args) -> dict:
    """The field ``explanation``, with its defaults."""
    if 'explanation' not in cfg:
        raise ValueError(f'CONFIG {args.config} has no field explanation: '
                         'expected are its classifiers and its dataset.')
    explanation = {**DATA_FIELDS, **cfg.explanation.to_dict()}
    for key in ('classifiers', 'dataset'):
        if key not in explanation:
            raise ValueError(f'CONFIG {args.config} has no explanation.{key}.')
    return explanation


def make_recipe(explanation: dict, classes: List[str], args) -> dict:
    """All that the files depend on."""
    known = read_recipe(args.out)
    before = dict(enumerate(known.get('classifiers', ())))
    classifiers = []
    for i, classifier in enumerate(explanation['classifiers']):
        if not isinstance(classifier, dict):
            classifier = dict(model=classifier)
        entry = dict(classifier)
        model, checkpoint = entry.get('model'), entry.get('checkpoint')
        if isinstance(model, str) and model.endswith('.py'):
            entry['model'] = as_known(
                read_model(model)[0].to_dict(), 'data_preprocessor',
                before.get(i, {}).get('model'))
        if isinstance(checkpoint, str) and '://' not in checkpoint:
            entry['checkpoint'] = offline.file_hash(checkpoint)
        classifiers.append(entry)
    settings = {
        key: value
        for key, value in explanation.items() if key != 'classifiers'
    }
    # copies that go through at once change maps by rounding only
    explainer = dict(settings.get('explainer') or DEFAULT_EXPLAINER)
    explainer.pop('sample_batch_size', None)
    settings['explainer'] = as_known(explainer, 'sample_batch_size',
                                     known.get('explainer'))
    if known and 'explainer' not in known and explainer == DEFAULT_EXPLAINER:
        del settings['explainer']
    return dict(
        tool='explain_dataset',
        classifiers=classifiers,
        amp=args.amp,
        members=args.keep_members,
        **settings,
        classes=classes)


def read_recipe(folder: str) -> dict:
    """The recipe of a folder to go on in; nothing if there is none."""
    try:
        with open(osp.join(folder, MANIFEST), encoding='utf-8') as file:
            return dict(json.load(file)['recipe'])
    except (OSError, ValueError, KeyError, TypeError):
        return {}  # OfflineCache tells what is wrong with it


def as_known(setting: dict, part: str, known) -> dict:
    """A setting as a folder of an earlier version has it.

    Those tell ``sample_batch_size``, and not the ``data_preprocessor`` that
    stands beside the model in the file of a classifier.
    """
    setting = json.loads(json.dumps(setting))
    if isinstance(known, dict) and (part in known) != (part in setting):
        both = {part: None}
        return known if known | both == setting | both else setting
    return setting


@torch.no_grad()
def explain(ensemble: ExplanationEnsemble,
            images: List[offline.ClassifiedImage],
            store: offline.ExplanationStore, short_side, drawn: set,
            device: torch.device, args) -> None:
    """Explain and write images."""
    for image, pixels, size in offline.load_classified_images(
            images, short_side, args.workers):
        if pixels is None:
            store.write(image, None, {}, dict(failed=size))
            continue
        found = ensemble(pixels.to(device), image.label, image.name, size)
        members = {}
        if args.keep_members:
            members = {
                name: to_deciles(values).cpu().numpy()
                for name, values in found.members.items()
            }
        if image.name in drawn and found.deciles is not None:
            sheet = draw_explanation(pixels, found)
            path = store.cache.path(SHEETS, image.map_name)
            with atomic_open(path) as file:
                file.write(cv2.imencode('.png', sheet[..., ::-1])[1].tobytes())
        deciles = found.deciles
        store.write(image, None if deciles is None else deciles.cpu().numpy(),
                    members, found.flags)


def main():
    args = parse_args()
    # no collective waits for a process that has hours more to do
    cfg = offline.read_config(args, backend='gloo')
    explanation = read_explanation(cfg, args)
    images, classes = offline.list_classified_images(explanation['dataset'])
    recipe = make_recipe(explanation, classes, args)
    del explanation['dataset']
    store = offline.ExplanationStore(
        offline.OfflineCache(args.out, recipe), explanation.pop('store'))
    drawn = {image.name for image in sheet_images(images, args.sheets)}
    number, total = args.shard
    mine = images[number::total]
    left = [
        image for image in mine
        if not store.is_done(image) or (image.name in drawn and not osp.exists(
            store.cache.path(SHEETS, image.map_name)))
    ]
    barrier()  # all ranks look before any of them writes
    share = offline.share_of_rank(left)
    for image in share:
        store.forget_failure(image)
    barrier()  # the first to end finds no failure of an earlier command
    if is_main_process():
        print(f'{len(left)} of {len(mine)} images to explain', flush=True)
    if left:
        device = offline.find_device(args)
        short_side = explanation.pop('short_side')
        dtype = getattr(torch, args.amp) if args.amp else None
        ensemble = ExplanationEnsemble(amp_dtype=dtype, **explanation)
        ensemble = ensemble.to(device)
        ensemble.check_classes(len(classes), short_side or 224)
        start = time.time()
        explain(ensemble, share, store, short_side, drawn, device, args)
        if is_main_process():
            rate = len(share) / (time.time() - start)
            print(f'{rate:.2f} images a second by this process', flush=True)
    counts = store.finish(images)
    if counts is not None:
        print(
            f'{args.out}: {counts["images"]} images of '
            f'{counts["bytes_per_image"]} bytes, {counts["degenerate"]} '
            f'without an explanation, {counts["failed"]} not read',
            flush=True)
        if counts['failed']:
            raise SystemExit(
                f'{counts["failed"]} images could not be read, see {args.out}/'
                'flags: mend them and run the same command again.')


if __name__ == '__main__':
    main()
