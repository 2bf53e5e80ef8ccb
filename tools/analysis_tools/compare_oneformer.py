"""Speed of OneFormer against Hugging Face's, of the same size and weights.

Forward pass of one task, and forward and backward pass with all losses. The
two take turns in one run. On a CPU the seconds are those of the processor, so
that other work on the machine counts little; on a GPU those of the clock::

    OMP_NUM_THREADS=1 python tools/analysis_tools/compare_oneformer.py \\
        --shape 256 256 --batch 1 4
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
from mmdet.registry import MODELS  # noqa: E402
from mmdet.structures import DetDataSample  # noqa: E402
from mmengine.config import Config, ConfigDict  # noqa: E402
from mmengine.registry import init_default_scope  # noqa: E402
from mmengine.structures import InstanceData  # noqa: E402

from mmseg_ext.models.text_encoders.text_tokens import token_ids  # noqa: E402
from mmseg_ext.models.utils.oneformer_checkpoint import \
    convert_to_ours  # noqa: E402

MODEL = Path(__file__).resolve().parents[2] / \
    'configs/_base_/models/oneformer_r50.py'
TARGETS = 10


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        '--shape',
        type=int,
        nargs=2,
        default=(512, 512),
        metavar=('HEIGHT', 'WIDTH'),
        help='size of the images (default: 512 512)')
    parser.add_argument(
        '--batch',
        type=int,
        nargs='+',
        default=[1, 4],
        help='batch sizes (default: 1 4)')
    parser.add_argument(
        '--rounds',
        type=int,
        default=3,
        help='timed rounds after a warm-up (default: 3)')
    parser.add_argument(
        '--modes',
        nargs='+',
        choices=['forward', 'backward'],
        default=['forward', 'backward'],
        help='what to time (default: both)')
    return parser.parse_args()


def build(device: str, training: bool):
    """Hugging Face's default model, Swin-T, and ours with its weights."""
    from transformers import OneFormerConfig, OneFormerForUniversalSegmentation
    theirs = OneFormerForUniversalSegmentation(
        OneFormerConfig(num_labels=133, is_training=training))
    cfg = Config.fromfile(str(MODEL)).model
    cfg.backbone = ConfigDict(
        type='SwinTransformer',
        embed_dims=96,
        depths=(2, 2, 6, 2),
        num_heads=(3, 6, 12, 24),
        window_size=7,
        drop_path_rate=0.3)
    cfg.panoptic_head.in_channels = [96, 192, 384, 768]
    if not training:
        cfg.panoptic_head.text_mapper = None
    init_default_scope('mmdet')
    ours = MODELS.build(cfg)
    weights = convert_to_ours(theirs.state_dict())
    if not training:
        weights = {
            key: value
            for key, value in weights.items() if 'loss_contrastive' not in key
        }
    ours.load_state_dict(weights)
    theirs.train(training)
    ours.train(training)
    return theirs.to(device), ours.to(device)


def forward_calls(batch: int, shape, device: str):
    theirs, ours = build(device, training=False)
    images = torch.randn(batch, 3, *shape, device=device)
    tasks = token_ids(['the task is panoptic'] * batch).to(device)
    samples = [
        DetDataSample(metainfo=dict(batch_input_shape=tuple(shape)))
        for _ in range(batch)
    ]

    def reference():
        with torch.no_grad():
            out = theirs(images, tasks)
            return torch.nn.functional.interpolate(
                out.masks_queries_logits, tuple(shape), mode='bilinear')

    def call():
        with torch.no_grad():
            return list(
                ours.panoptic_head.predict(
                    ours.extract_feat(images), samples, 'panoptic'))

    return reference, call


def backward_calls(batch: int, shape, device: str):
    theirs, ours = build(device, training=True)
    images = torch.randn(batch, 3, *shape, device=device)
    tasks = token_ids(['the task is panoptic'] * batch).to(device)
    lists = [[f'a photo with a {number}'
              for number in range(TARGETS)] + ['a panoptic photo'] *
             (134 - TARGETS)] * batch
    texts = torch.stack([token_ids(one) for one in lists]).to(device)
    labels = [torch.arange(TARGETS, device=device)] * batch
    masks = [(torch.rand(TARGETS, *shape, device=device) > 0.5).float()
             for _ in range(batch)]
    targets = [
        InstanceData(labels=label, masks=mask)
        for label, mask in zip(labels, masks)
    ]
    metas = [dict(task='panoptic', texts=one) for one in lists]

    def reference():
        theirs.zero_grad()
        theirs(
            images,
            tasks,
            text_inputs=texts,
            mask_labels=masks,
            class_labels=labels).loss.backward()

    def call():
        ours.zero_grad()
        losses = ours.panoptic_head.loss_by_targets(
            ours.extract_feat(images), targets, metas)
        sum(losses.values()).backward()

    return reference, call


def seconds_of(run, device: str) -> float:
    clock = time.process_time if device == 'cpu' else time.perf_counter
    start = clock()
    run()
    if device == 'cuda':
        torch.cuda.synchronize()
    return clock() - start


def main() -> None:
    args = parse_args()
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    print(f'{device}, torch {torch.__version__}, '
          f'{torch.get_num_threads()} threads, {args.shape[0]}x'
          f'{args.shape[1]}, {args.rounds} rounds, medians')
    print('| passes | batch | Hugging Face, s | ours, s | ratio |\n'
          '|---|---|---|---|---|')
    for mode in args.modes:
        for batch in args.batch:
            make = forward_calls if mode == 'forward' else backward_calls
            calls = make(batch, args.shape, device)
            times = [[], []]
            for turn in range(args.rounds + 1):
                for run, kept in zip(calls, times):
                    seconds = seconds_of(run, device)
                    if turn:
                        kept.append(seconds)
            theirs, ours = (statistics.median(kept) for kept in times)
            ratio = statistics.median(one / other
                                      for one, other in zip(*times))
            passes = 'forward' if mode == 'forward' else 'forward, backward'
            print(
                f'| {passes} | {batch} | {theirs:.2f} | {ours:.2f} | '
                f'{ratio:.2f} |',
                flush=True)


if __name__ == '__main__':
    main()
