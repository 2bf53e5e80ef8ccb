"""Write the pre-trained segmentor out of a checkpoint of a pre-training.

What ``ExportPretrainedHook`` writes beside every checkpoint, for any of them.
"""
import argparse
import sys
from pathlib import Path

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[2]))

import mmseg_ext  # noqa: E402,F401  isort: skip  mends the stack first
from mmengine.config import Config  # noqa: E402
from mmengine.registry import init_default_scope  # noqa: E402
from mmengine.runner import load_checkpoint  # noqa: E402
from mmseg.registry import MODELS  # noqa: E402

from mmseg_ext.engine.hooks.export_pretrained_hook import \
    export_pretrained  # noqa: E402


def parse_args():
    parser = argparse.ArgumentParser(
        description='Export the segmentor of a pre-training without its '
        'projection, for load_from of the plain config')
    parser.add_argument('config', help='config of the pre-training')
    parser.add_argument('checkpoint', help='checkpoint of the pre-training')
    parser.add_argument('dst', help='file to write')
    return parser.parse_args()


def main():
    args = parse_args()
    cfg = Config.fromfile(args.config)
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    algorithm = MODELS.build(cfg.model)
    checkpoint = load_checkpoint(
        algorithm, args.checkpoint, map_location='cpu', strict=True)
    dropped = export_pretrained(
        algorithm,
        args.dst,
        cfg.model,
        iter=checkpoint.get('meta', {}).get('iter'))
    print(f'Wrote {args.dst} without {", ".join(dropped)}')


if __name__ == '__main__':
    main()
