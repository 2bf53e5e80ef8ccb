"""Turn Google's R50+ViT-B_16.npz into a checkpoint of the encoder.

The public weights of the Vision Transformer (github.com/google-research/
vision_transformer), trained on ImageNet-21k; download the file and give its
path. The result goes into
``backbone=dict(init_cfg=dict(type='Pretrained', checkpoint=DST))``.
"""
import argparse
import sys
from pathlib import Path

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[2]))

import mmseg_ext  # noqa: E402,F401  isort: skip  mends the stack first
import numpy as np  # noqa: E402
import torch  # noqa: E402

from mmseg_ext.models.utils.vit_hybrid_checkpoint import \
    convert_google  # noqa: E402
from mmseg_ext.utils.atomic_io import atomic_open  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(
        description='Convert R50+ViT-B_16.npz of Google for '
        'HybridVisionTransformer.')
    parser.add_argument('src', help='the .npz file')
    parser.add_argument('dst', help='checkpoint to write')
    args = parser.parse_args()

    try:
        with np.load(args.src, allow_pickle=False) as arrays:
            state_dict = convert_google(arrays)
    except (OSError, ValueError) as error:
        raise SystemExit(f'vit_hybrid.py: {args.src}: {error}')
    with atomic_open(args.dst) as file:
        torch.save(
            dict(meta=dict(variant='google'), state_dict=state_dict), file)
    print(f'{args.dst}: {len(state_dict)} tensors')


if __name__ == '__main__':
    main()
