"""Write the lists of the adaptation task CamVid day to dusk.

Source are the training frames of the sequences 0006R0 and 0016E5, by day,
with labels; target are those of 0001TP, at dusk::

    python tools/dataset_converters/camvid_day_to_dusk.py data/camvid

writes ``splits/day_to_dusk/source.txt`` and ``.../target.txt`` below the
folder, which has the layout of ``tools/dataset_converters/camvid.py``.
"""
import argparse
import os
import os.path as osp
import sys
from pathlib import Path
from typing import Dict, List

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[2]))

import mmseg_ext  # noqa: E402,F401  isort: skip  mends the stack first
from mmseg_ext.datasets import write_split_list  # noqa: E402

SEQUENCES = dict(source=('0006R0', '0016E5'), target=('0001TP', ))


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('root', help='folder of the data set')
    parser.add_argument(
        '--split',
        default='train',
        help='split whose frames are listed (default: train)')
    return parser.parse_args()


def list_frames(folder: str) -> Dict[str, List[str]]:
    """Sort the frames of a folder by domain.

    Args:
        folder (str): Folder of images, named by sequence and frame.

    Returns:
        dict[str, list[str]]: Names without suffix of ``source`` and
        ``target``.

    Raises:
        FileNotFoundError: If there is no folder, or no frame of a sequence.
    """
    if not osp.isdir(folder):
        raise FileNotFoundError(f'the image folder {folder} does not exist')
    names = sorted(
        osp.splitext(name)[0] for name in os.listdir(folder)
        if name.lower().endswith(('.png', '.jpg')))
    frames = {}
    for domain, sequences in SEQUENCES.items():
        for sequence in sequences:
            found = [n for n in names if n.split('_')[0] == sequence]
            if not found:
                raise FileNotFoundError(
                    f'{folder} has no frame {sequence}_*; expected are the '
                    f'{domain} sequences {", ".join(sequences)}')
            frames.setdefault(domain, []).extend(found)
    return frames


def main() -> None:
    args = parse_args()
    try:
        frames = list_frames(osp.join(args.root, 'images', args.split))
        for domain, names in frames.items():
            path = osp.join(args.root, 'splits/day_to_dusk', f'{domain}.txt')
            write_split_list(path, names)
            print(f'{path}: {len(names)} images')
    except OSError as error:
        raise SystemExit(f'camvid_day_to_dusk.py: {error}')


if __name__ == '__main__':
    main()
