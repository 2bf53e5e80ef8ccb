"""Hold explanations against true masks of the objects.

EXPLANATIONS is what tools/explain_dataset.py has written, with
``--keep-members`` for a line for every classifier; MASKS a folder of masks
(0 and more than 0) under the names of the images, such as that of
tools/dataset_converters/object_crops.py. Figures are means over the images
of which there is a map, in percent:

- precision: pixels of the label that are of the object;
- recall: pixels of the object that are in the label;
- IoU of label and object;
- accuracy: pixels on which label and mask agree.

Example::

    python tools/analysis_tools/explanation_agreement.py data/pssl_toystreet \\
        data/toystreet_crops/masks/train
"""
import argparse
import json
import os
import os.path as osp
import sys
from pathlib import Path

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[2]))

import mmseg_ext  # noqa: E402,F401  isort: skip  mends the stack first
import cv2  # noqa: E402
import numpy as np  # noqa: E402

from mmseg_ext.datasets.label_maps import read_label_map  # noqa: E402
from mmseg_ext.datasets.pssl import read_index  # noqa: E402
from mmseg_ext.utils.atomic_io import atomic_open  # noqa: E402

FIGURES = ('precision', 'recall', 'IoU', 'accuracy')


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('explanations', help='folder of the explanations')
    parser.add_argument('masks', help='folder of the true masks')
    parser.add_argument(
        '--threshold',
        type=int,
        default=9,
        help='lowest decile of the label (default: 9)')
    parser.add_argument('--out', help='JSON file to write')
    return parser.parse_args()


def agreement(label: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The figures of one image.

    Args:
        label (np.ndarray): Where the label is, bool (H, W).
        truth (np.ndarray): Where the object is, bool (H, W).

    Returns:
        np.ndarray: The figures, in the order of ``FIGURES``.
    """
    both, either = (label & truth).sum(), (label | truth).sum()
    return np.array([
        both / max(label.sum(), 1), both / max(truth.sum(), 1),
        both / max(either, 1), (label == truth).mean()
    ])


def main():
    args = parse_args()
    names = [
        osp.splitext(entry['image'])[0] + '.png'
        for entry in read_index(osp.join(args.explanations, 'images.jsonl'))
        if not entry.get('degenerate')
    ]
    sources = dict(ensemble='deciles')
    members = osp.join(args.explanations, 'members')
    if osp.isdir(members):
        for name in sorted(os.listdir(members)):
            sources[name] = osp.join('members', name)
    sums = {name: np.zeros(len(FIGURES)) for name in sources}
    counts = dict.fromkeys(sources, 0)
    share = 0.
    for name in names:
        truth = read_label_map(osp.join(args.masks, name)) > 0
        share += truth.mean()
        for source, folder in sources.items():
            path = osp.join(args.explanations, folder, name)
            if source != 'ensemble' and not osp.exists(path):
                continue  # of a member that is dead or was left out
            label = read_label_map(path)
            if label.shape != truth.shape:
                label = cv2.resize(
                    label,
                    truth.shape[::-1],
                    interpolation=cv2.INTER_NEAREST_EXACT)
            sums[source] += agreement(label >= args.threshold, truth)
            counts[source] += 1
    print(f'{len(names)} images, of which objects cover '
          f'{share / max(len(names), 1):.1%}: as much is the precision of '
          'chance')
    print(' ' * 24 + ''.join(f'{title:>11}' for title in ('images', *FIGURES)))
    table = {}
    for source, total in sums.items():
        table[source] = dict(
            zip(FIGURES, (100 * total / max(counts[source], 1)).tolist()))
        print(f'{source:24}{counts[source]:11}' +
              ''.join(f'{value:11.2f}' for value in table[source].values()))
    if args.out:
        with atomic_open(args.out, 'w') as file:
            json.dump(table, file, indent=1)


if __name__ == '__main__':
    main()
