"""Turn weights of PSSL, as PaddleSeg publishes them, into MMSegmentation's.

SRC is a ``.pdparams`` file of PaddleSeg's STDC-Seg (STDC1, STDC2) or of its
PSPNet with ResNet-vd. It is read without Paddle, and nothing in it is run. The
classifiers of ImageNet's classes are left out: fine-tuning names DST in
``load_from``. The networks are those of configs/pssl/*_official.py.
"""
import argparse
import sys
from pathlib import Path

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[2]))

import mmseg_ext  # noqa: E402,F401  isort: skip  mends the stack first
import torch  # noqa: E402

from mmseg_ext.models.utils.paddle_checkpoint import load_paddle  # noqa: E402
from mmseg_ext.models.utils.pssl_checkpoint import convert_pssl  # noqa: E402
from mmseg_ext.utils.atomic_io import atomic_open  # noqa: E402


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('src', help='.pdparams file of PaddleSeg')
    parser.add_argument('dst', help='checkpoint to write')
    return parser.parse_args()


def main():
    args = parse_args()
    try:
        state_dict, dropped, lost = convert_pssl(load_paddle(args.src))
    except (OSError, ValueError) as error:
        raise SystemExit(f'{args.src}: {error}')
    meta = dict(source='PaddleSeg', dropped_keys=dropped)
    with atomic_open(args.dst) as file:
        torch.save(dict(meta=meta, state_dict=state_dict), file)
    print(f'{args.dst}: {len(state_dict)} tensors, without the classifiers')
    for key, value in lost.items():
        print(f'{key} has no place in the segmentor: at most {value:.3g}')


if __name__ == '__main__':
    main()
