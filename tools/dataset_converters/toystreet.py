"""Render the ToyStreet data set.

Example::

    python tools/dataset_converters/toystreet.py data/toystreet
"""
import argparse
import sys
import time
from pathlib import Path

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmseg_ext.datasets.panoptic_instances import \
    write_toystreet_instances  # noqa: E402
from mmseg_ext.datasets.toystreet_generator import generate  # noqa: E402


def parse_args():
    parser = argparse.ArgumentParser(
        description='Render ToyStreet: small street scenes in the domains '
        'day and dusk, with semantic, instance and panoptic labels')
    parser.add_argument('out', help='directory to make, e.g. data/toystreet')
    parser.add_argument(
        '--num',
        '--num-train',
        type=int,
        default=256,
        dest='num_train',
        help='training images of each domain (default: 256)')
    parser.add_argument(
        '--num-val',
        type=int,
        default=64,
        help='validation images of each domain (default: 64)')
    parser.add_argument(
        '--num-test',
        type=int,
        default=0,
        help='test images of each domain (default: 0)')
    parser.add_argument(
        '--seed', type=int, default=0, help='seed (default: 0)')
    parser.add_argument(
        '--size',
        type=int,
        nargs=2,
        default=(96, 128),
        metavar=('HEIGHT', 'WIDTH'),
        help='size of the images (default: 96 128)')
    return parser.parse_args()


def main():
    args = parse_args()
    begin = time.time()

    def progress(done, total):
        if done % 100 == 0 or done == total:
            print(f'{done} of {total} images', flush=True)

    try:
        written = generate(
            args.out,
            num_train=args.num_train,
            num_val=args.num_val,
            num_test=args.num_test,
            seed=args.seed,
            image_size=tuple(args.size),
            progress=progress)
        # instances under the class numbers of the panoptic labels
        write_toystreet_instances(args.out)
    except (ValueError, OSError) as error:
        raise SystemExit(f'toystreet.py: {error}')
    if written:
        print(f'{args.out} is complete, {time.time() - begin:.0f} s')
    else:
        print(f'{args.out} holds this data set already, nothing to do')


if __name__ == '__main__':
    main()
