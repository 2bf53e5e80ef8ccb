"""Speed and activation memory of segmentors, side by side in one run.

The models take turns, so that a busy machine slows all alike; times are given
as ratios to the first one. "features" is backbone and neck, "whole" the heads
too. The memory is what one image keeps for the backward pass::

    python tools/analysis_tools/compare_models.py DILATED.py FASTFCN.py \\
        --shape 512 512
"""
import argparse
import statistics
import sys
import time
from pathlib import Path

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[2]))

import mmseg_ext  # noqa: E402,F401  isort: skip  mends the stack first
import torch  # noqa: E402
from mmengine.config import Config  # noqa: E402
from mmengine.model import revert_sync_batchnorm  # noqa: E402
from mmengine.registry import init_default_scope  # noqa: E402
from mmseg.registry import MODELS  # noqa: E402

from mmseg_ext.utils import inner_segmentor  # noqa: E402


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('configs', nargs='+', help='config files')
    parser.add_argument(
        '--shape',
        type=int,
        nargs=2,
        default=(512, 512),
        metavar=('HEIGHT', 'WIDTH'),
        help='size of the image (default: 512 512)')
    parser.add_argument(
        '--rounds',
        type=int,
        default=5,
        help='timed rounds after a warm-up (default: 5)')
    return parser.parse_args()


def build(path: str, device: str) -> torch.nn.Module:
    """The segmentor of a config, with random weights."""
    cfg = Config.fromfile(path)
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    model = inner_segmentor(cfg.model)
    model.pop('pretrained', None)
    return revert_sync_batchnorm(MODELS.build(model)).to(device)


def kept_bytes(run) -> int:
    """Bytes of the tensors that a call keeps for its backward pass."""
    storages = {}

    def pack(tensor):
        if not isinstance(tensor, torch.nn.Parameter):
            storage = tensor.untyped_storage()
            storages[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        # alive until all is counted, so that no address is used twice
        outputs = run()
    del outputs
    return sum(storages.values())


def kept_of_image(model: torch.nn.Module, images: torch.Tensor) -> tuple:
    """Bytes that an image keeps in features, and with the heads."""
    heads = [model.decode_head]
    if model.with_auxiliary_head:
        auxiliary = model.auxiliary_head
        several = isinstance(auxiliary, torch.nn.ModuleList)
        heads += auxiliary if several else [auxiliary]

    def whole():
        features = model.extract_feat(images)
        return features, [head(features) for head in heads]

    model.train()
    return tuple(
        kept_bytes(run) / len(images)
        for run in (lambda: model.extract_feat(images), whole))


def seconds_of(run, device: str) -> float:
    start = time.perf_counter()
    run()
    if device == 'cuda':
        torch.cuda.synchronize()
    return time.perf_counter() - start


def main() -> None:
    args = parse_args()
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    # two images: a pooled branch has a batch norm of one pixel an image
    images = torch.randn(2, 3, *args.shape, device=device)
    rows = {}
    for path in args.configs:
        model = build(path, device)
        kept = kept_of_image(model, images)
        model.eval()
        rows[path] = (model, kept, [[], []])
    for turn in range(args.rounds + 1):
        for model, _, times in rows.values():
            with torch.no_grad():
                features = seconds_of(lambda: model.extract_feat(images[:1]),
                                      device)
                whole = seconds_of(lambda: model._forward(images[:1]), device)
            if turn:
                times[0].append(features)
                times[1].append(whole)
    print(f'{device}, torch {torch.__version__}, {args.shape[0]}x'
          f'{args.shape[1]}, {args.rounds} rounds, medians')
    print('| config | time, features | time, whole | kept, features, MiB | '
          'kept, whole, MiB |\n|---|---|---|---|---|')
    first = [statistics.median(t) for t in rows[args.configs[0]][2]]
    for path, (_, kept, times) in rows.items():
        ratios = [statistics.median(t) / f for t, f in zip(times, first)]
        print(f'| {Path(path).stem} | {ratios[0]:.2f} | {ratios[1]:.2f} | '
              f'{kept[0] / 2**20:.0f} | {kept[1] / 2**20:.0f} |')


if __name__ == '__main__':
    main()
