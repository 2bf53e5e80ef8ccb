"""Instance labels in COCO's format out of panoptic ones.

The instances are the thing segments; all categories are kept, so that the
label i of a panoptic data set is the i-th category here too::

    python tools/dataset_converters/panoptic2instance.py \\
        data/coco/annotations/panoptic_val2017.json \\
        data/coco/annotations/panoptic_val2017 \\
        data/coco/annotations/panoptic_instances_val2017.json
"""
import argparse
import sys
from pathlib import Path

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[2]))

import mmseg_ext  # noqa: E402,F401  isort: skip  mends the stack first
from mmseg_ext.datasets.panoptic_instances import \
    write_panoptic_instances  # noqa: E402


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('panoptic', help='panoptic JSON')
    parser.add_argument('folder', help='folder of its PNG files')
    parser.add_argument('out', help='JSON to write')
    return parser.parse_args()


def main() -> None:
    args = parse_args()

    def progress(done: int, total: int) -> None:
        if done % 500 == 0 or done == total:
            print(f'{done} of {total} images', flush=True)

    try:
        number = write_panoptic_instances(args.panoptic, args.folder, args.out,
                                          progress)
    except (OSError, ValueError) as error:
        raise SystemExit(f'panoptic2instance.py: {error}')
    print(f'{args.out}: {number} instances')


if __name__ == '__main__':
    main()
