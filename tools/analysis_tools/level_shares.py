"""From which levels PANet's adaptive feature pooling takes its maxima.

Runs a model over its test images and prints, for boxes grouped by the level
that FPN would assign to their size, the share of each level::

    python tools/analysis_tools/level_shares.py CONFIG CHECKPOINT
"""
import argparse
import sys
from pathlib import Path

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[2]))

import mmseg_ext  # noqa: E402,F401  isort: skip  mends the stack first
import torch  # noqa: E402
from mmengine.config import Config, DictAction  # noqa: E402
from mmengine.model import revert_sync_batchnorm  # noqa: E402
from mmengine.registry import MODELS, init_default_scope  # noqa: E402
from mmengine.runner import Runner, load_checkpoint  # noqa: E402

from mmseg_ext.models.roi_heads.level_shares import LevelShares  # noqa: E402


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config of a PANet')
    parser.add_argument('checkpoint', help='its checkpoint')
    parser.add_argument(
        '--head',
        choices=('mask', 'bbox'),
        default='mask',
        help="whose maxima: the mask head's, over the boxes that are found, "
        "or the box head's, over the proposals (default: mask)")
    parser.add_argument(
        '--num-images', type=int, help='images to read (default: all)')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        help='override settings of the config, as key=value')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    cfg = Config.fromfile(args.config)
    cfg.merge_from_dict(args.cfg_options or {})
    init_default_scope(cfg.get('default_scope', 'mmdet'))
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    model = revert_sync_batchnorm(MODELS.build(cfg.model)).to(device).eval()
    load_checkpoint(model, args.checkpoint, map_location='cpu')
    heads = model.roi_head
    recorder = LevelShares(
        getattr(heads, f'{args.head}_roi_extractor'),
        getattr(heads, f'{args.head}_head'))
    loader = Runner.build_dataloader(cfg.test_dataloader)
    with torch.no_grad(), recorder:
        for index, batch in enumerate(loader):
            if index == args.num_images:
                break
            model.test_step(batch)
    strides = getattr(heads, f'{args.head}_roi_extractor').featmap_strides
    print('boxes of stride  ' + '  '.join(f'from {stride:3d}'
                                          for stride in strides))
    for stride, row in zip(strides, recorder.shares().tolist()):
        print(f'{stride:15d}  ' + '  '.join(f'{share:8.2f}' for share in row))


if __name__ == '__main__':
    main()
