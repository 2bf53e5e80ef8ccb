"""Turn a ViT of the official DINO or iBOT code into a transformers folder.

``FoundationCoSegmentor.vit`` names the folder::

    python tools/model_converters/dino.py SRC FOLDER

SRC is a backbone, or a training checkpoint of which ``--network`` is taken.
"""
import argparse
import sys
from pathlib import Path

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[2]))

import mmseg_ext  # noqa: E402,F401  isort: skip  mends the stack first
from mmseg_ext.models.utils.dino_checkpoint import convert_dino  # noqa: E402


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('src', help='checkpoint of the official code')
    parser.add_argument('dst', help='folder to write')
    parser.add_argument(
        '--network',
        default='teacher',
        help='of a training checkpoint (default: teacher)')
    parser.add_argument(
        '--num-heads',
        type=int,
        help='default: one for each 64 channels, as the official models have')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    try:
        count = convert_dino(args.src, args.dst, args.network, args.num_heads)
    except (OSError, ValueError, ImportError) as error:
        raise SystemExit(f'{args.src}: {error}')
    print(f'{args.dst}: {count} tensors')


if __name__ == '__main__':
    main()
