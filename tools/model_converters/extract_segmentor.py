"""Write a plain MMSegmentation checkpoint out of one of an algorithm."""
import argparse
import sys
from pathlib import Path

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmseg_ext.models.utils.plain_checkpoint import \
    extract_segmentor  # noqa: E402


def parse_args():
    parser = argparse.ArgumentParser(
        description='Extract the plain segmentor from a checkpoint of '
        'mmseg_ext, for stock configs and tools of MMSegmentation')
    parser.add_argument('src', help='checkpoint of an algorithm')
    parser.add_argument('dst', help='plain checkpoint to write')
    parser.add_argument(
        '--network',
        default='segmentor',
        help='which network to extract: segmentor (the student, default) or '
        'teacher')
    return parser.parse_args()


def main():
    args = parse_args()
    count = extract_segmentor(args.src, args.dst, args.network)
    print(f'Wrote {count} tensors of {args.network} to {args.dst}')


if __name__ == '__main__':
    main()
