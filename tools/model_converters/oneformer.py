"""Turn a checkpoint of OneFormer into one of this suite, or back.

SRC is a file of the official code (Detectron2's layout) or of Hugging Face
(``pytorch_model.bin`` or ``model.safetensors``); with ``--to`` it is one of
this suite. Backbones: Swin, ResNet, ConvNeXt; of Hugging Face Swin only::

    python tools/model_converters/oneformer.py SRC DST
    python tools/model_converters/oneformer.py SRC DST --to huggingface
"""
import argparse
import sys
from pathlib import Path

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[2]))

import mmseg_ext  # noqa: E402,F401  isort: skip  mends the stack first
import torch  # noqa: E402

from mmseg_ext.models.utils import \
    oneformer_checkpoint as layouts  # noqa: E402
from mmseg_ext.models.utils.official_checkpoint import \
    save_converted  # noqa: E402
from mmseg_ext.utils.atomic_io import atomic_open  # noqa: E402


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('src', help='checkpoint to read')
    parser.add_argument('dst', help='checkpoint to write')
    parser.add_argument(
        '--to', choices=layouts.LAYOUTS, help='convert back into this layout')
    parser.add_argument(
        '--ade20k',
        action='store_true',
        help="the classes are ADE20K's: 100 things first on this side, by "
        'number on the other')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    try:
        weights = layouts.load_weights(args.src,
                                       'state_dict' if args.to else 'model')
        order = layouts.ade20k_panoptic_order() if args.ade20k else None
        if args.to:
            if order is not None:
                back = torch.tensor(order).argsort().tolist()
                weights = layouts.reorder_classes(weights, back)
            weights = layouts.convert_from_ours(weights, args.to)
        else:
            layout = layouts.find_layout(weights)
            weights = layouts.convert_to_ours(weights, layout)
            if order is not None:
                weights = layouts.reorder_classes(weights, order)
    except (OSError, ValueError) as error:
        raise SystemExit(f'{args.src}: {error}')
    if args.to:
        content = weights if args.to == 'huggingface' else dict(model=weights)
        with atomic_open(args.dst) as file:
            torch.save(content, file)
    else:
        save_converted(args.dst, weights, f'OneFormer ({layout})')
    print(f'{args.dst}: {len(weights)} tensors')


if __name__ == '__main__':
    main()
