"""Turn a checkpoint of the official FastFCN code into one of MMSegmentation.

Of EncNet, PSPNet and DeepLabV3 with JPU. The model must be one of
configs/fastfcn/*_official.py.
"""
import argparse
import sys
from pathlib import Path

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[2]))

import mmseg_ext  # noqa: E402,F401  isort: skip  mends the stack first
from mmseg_ext.models.utils import official_checkpoint as files  # noqa: E402
from mmseg_ext.models.utils.fastfcn_checkpoint import \
    convert_fastfcn  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(
        description='Convert a checkpoint of the official FastFCN code.')
    parser.add_argument('src', help='checkpoint of the official code')
    parser.add_argument('dst', help='checkpoint to write')
    args = parser.parse_args()
    try:
        state_dict = convert_fastfcn(files.load_official(args.src))
    except (OSError, ValueError) as error:
        raise SystemExit(f'fastfcn.py: {error}')
    files.save_converted(args.dst, state_dict, 'FastFCN')
    print(f'{args.dst}: {len(state_dict)} tensors')


if __name__ == '__main__':
    main()
