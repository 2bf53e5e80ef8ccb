"""Turn a state dict of the TransUNet authors' code into one of MMSegmentation.

Of github.com/Beckschen/TransUNet, R50-ViT-B_16 with skips. The model must
have ``backbone=dict(type='HybridVisionTransformer', variant='transunet')``
and ``decode_head=dict(type='TransUNetHead')``.
"""
import argparse
import pickle
import sys
from pathlib import Path

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[2]))

import mmseg_ext  # noqa: E402,F401  isort: skip  mends the stack first
import torch  # noqa: E402

from mmseg_ext.models.utils.vit_hybrid_checkpoint import \
    convert_transunet  # noqa: E402
from mmseg_ext.utils.atomic_io import atomic_open  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(
        description='Convert a state dict of the official TransUNet code.')
    parser.add_argument('src', help='state dict of the official code')
    parser.add_argument('dst', help='checkpoint to write')
    args = parser.parse_args()

    try:
        official = torch.load(args.src, map_location='cpu', weights_only=True)
        state_dict = convert_transunet(official)
    except (OSError, ValueError, RuntimeError, EOFError,
            pickle.UnpicklingError) as error:
        raise SystemExit(f'transunet.py: {args.src}: {error}')
    with atomic_open(args.dst) as file:
        torch.save(
            dict(meta=dict(variant='transunet'), state_dict=state_dict), file)
    classes = len(state_dict['decode_head.conv_seg.bias'])
    print(f'{args.dst}: {len(state_dict)} tensors, {classes} classes')


if __name__ == '__main__':
    main()
