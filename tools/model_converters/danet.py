"""Turn a checkpoint of the official DANet code into one of MMSegmentation.

The model must have ``backbone=dict(type='ResNet')`` without deep stem, as
configs/danet/danet_official_*.py have it.
"""
import argparse
import sys
from pathlib import Path

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[2]))

import mmseg_ext  # noqa: E402,F401  isort: skip  mends the stack first
from mmseg_ext.models.utils import official_checkpoint as files  # noqa: E402
from mmseg_ext.models.utils.danet_checkpoint import convert_danet  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(
        description='Convert a checkpoint of the official DANet code.')
    parser.add_argument('src', help='checkpoint of the official code')
    parser.add_argument('dst', help='checkpoint to write')
    args = parser.parse_args()
    try:
        state_dict = convert_danet(files.load_official(args.src))
    except (OSError, ValueError) as error:
        raise SystemExit(f'danet.py: {error}')
    files.save_converted(args.dst, state_dict, 'DANet')
    print(f'{args.dst}: {len(state_dict)} tensors')


if __name__ == '__main__':
    main()
