"""Time and memory of single parts beside the obvious way to write them.

Both are run in turns in one process and give the same result, which is
checked but for copy-paste, that draws at random; the ratio is that of the
medians. Peak memory is that of a process of its own, beyond what was there
before the first call, inputs included. On a GPU where there is one, but for
copy-paste and the boundary metric::

    OMP_NUM_THREADS=1 python tools/analysis_tools/compare_parts.py
"""
import argparse
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[2]))

import mmseg_ext  # noqa: E402,F401  isort: skip  mends the stack first
import cv2  # noqa: E402
import mmcv  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from mmengine.model import ExponentialMovingAverage  # noqa: E402
from mmengine.registry import init_default_scope  # noqa: E402
from mmseg.registry import METRICS, MODELS, TRANSFORMS  # noqa: E402

from mmseg_ext.engine.offline.memory_bank_builder import \
    MemoryBankBuilder  # noqa: E402
from mmseg_ext.models.losses.pixel_contrast_loss import \
    sample_windows  # noqa: E402
from mmseg_ext.models.utils.ema import ModuleTwins  # noqa: E402
from mmseg_ext.models.utils.logits import softmax_entropy  # noqa: E402
from mmseg_ext.utils.peak_memory import peak_bytes  # noqa: E402

_MIB = 2**20
SIDES = ('ours', 'obvious')


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        '--parts', nargs='+', choices=list(PARTS), default=list(PARTS))
    parser.add_argument('--rounds', type=int, default=10)
    parser.add_argument('--memory-of', nargs=2, help=argparse.SUPPRESS)
    return parser.parse_args()


def device():
    return 'cuda' if torch.cuda.is_available() else 'cpu'


def exponential_average():
    """A teacher of DeepLabV3+-R50 follows its student; stock: mmengine."""

    def network():
        return MODELS.build(
            dict(
                type='EncoderDecoder',
                backbone=dict(type='ResNetV1c', depth=50),
                decode_head=dict(
                    type='DepthwiseSeparableASPPHead',
                    in_channels=2048,
                    in_index=3,
                    channels=512,
                    dilations=(1, 12, 24, 36),
                    c1_in_channels=256,
                    c1_channels=48,
                    num_classes=19))).to(device())

    torch.manual_seed(0)
    student, teacher = network(), network()
    twins = ModuleTwins(teacher, student)
    stock = ExponentialMovingAverage(teacher, momentum=0.01)
    # both averages begin with the student's weights, which move then
    twins.copy_()
    stock.update_parameters(student)
    with torch.no_grad():
        for parameter in student.parameters():
            parameter.add_(torch.randn_like(parameter))

    def ours():
        twins.lerp_(0.01)
        return teacher.backbone.layer4[2].conv3.weight.detach()

    def obvious():
        stock.update_parameters(student)
        return stock.module.backbone.layer4[2].conv3.weight.detach()

    return ours, obvious, 1e-5


def pixel_contrast():
    """Contrast in 2 windows of 32x32 of 4 images, 256 channels, backward."""
    loss = MODELS.build(dict(type='PixelContrastLoss', num_windows=2))
    generator = torch.Generator().manual_seed(0)
    student, teacher = (
        torch.randn(4, 256, 64, 64, generator=generator).to(device())
        for _ in range(2))
    student.requires_grad_()
    labels = torch.randint(19, (4, 64, 64), generator=generator).to(device())
    valid = (torch.rand(4, 64, 64, generator=generator) < 0.7).to(device())
    windows = sample_windows(2, 32, 64, 64)

    def ours():
        student.grad = None
        value = loss(student, teacher, labels, valid, windows)
        value.backward()
        return value.detach()

    def obvious():
        student.grad = None
        values = []
        for y, x in windows.tolist():
            cut = (Ellipsis, slice(y, y + 32), slice(x, x + 32))
            anchor, key = (
                F.normalize(
                    maps[cut].permute(0, 2, 3, 1).flatten(0, 2), dim=1)
                for maps in (student, teacher))
            label, kept = labels[cut].flatten(), valid[cut].flatten()
            anchor, key, label = anchor[kept], key[kept], label[kept]
            pairs = (anchor @ key.T / loss.temperature).exp()
            same = label[:, None] == label
            positive = (pairs * same).sum(1)
            values.append((positive / pairs.sum(1)).log().neg().mean())
        value = torch.stack(values).mean()
        value.backward()
        return value.detach()

    return ours, obvious, 1e-4


def entropy():
    """Entropy of 19 classes on 4 maps of 256x256, with backward."""
    logits = torch.randn(
        4, 19, 256, 256, generator=torch.Generator().manual_seed(0))
    logits = logits.to(device()).requires_grad_()

    def ours():
        logits.grad = None
        value = softmax_entropy(logits).mean()
        value.backward()
        return value.detach()

    def obvious():
        logits.grad = None
        share = logits.softmax(1)
        value = -(share * torch.log(share + 1e-30)).sum(1).mean()
        value.backward()
        return value.detach()

    return ours, obvious, 1e-5


def boundary_score():
    """Boundary F-score, 19 classes, one image of 512x1024, four radii.

    The obvious way widens each boundary by each radius.
    """
    metric = METRICS.build(dict(type='BoundaryFScoreMetric'))
    rng = np.random.default_rng(0)

    def labels():
        coarse = rng.integers(0, 19, (16, 32)).astype(np.uint8)
        return cv2.resize(coarse, (1024, 512), interpolation=cv2.INTER_NEAREST)

    label = labels()
    pred = np.roll(label, 4, 1)
    pred[200:300] = labels()[200:300]

    def disk(radius):
        grid = np.arange(-radius, radius + 1)
        return (grid[:, None]**2 + grid**2 <= radius**2).astype(np.uint8)

    def edge_of(mask):
        edge = np.zeros_like(mask)
        edge[:, :-1] |= mask[:, :-1] ^ mask[:, 1:]
        edge[:-1] |= mask[:-1] ^ mask[1:]
        edge[:-1, :-1] |= mask[:-1, :-1] ^ mask[1:, 1:]
        return edge.astype(np.uint8)

    def ours():
        return metric.score(pred, label, 19).mean(0)

    def obvious():
        scores = np.ones((19, len(metric.radii)))
        for index in range(19):
            one, other = edge_of(pred == index), edge_of(label == index)
            for i, radius in enumerate(metric.radii):
                precision, recall = ((a & cv2.dilate(b, disk(radius))).sum() /
                                     a.sum()
                                     for a, b in ((one, other), (other, one)))
                total = precision + recall
                scores[index, i] = 2 * precision * recall / total
        return scores.mean(0)

    return ours, obvious, 1e-6


def copy_paste():
    """One object into an image of 512x512; obvious: read, cut out, blend."""
    temporary = tempfile.TemporaryDirectory()
    folder = Path(temporary.name)
    builder = MemoryBankBuilder(str(folder), ['background', 'thing'], [1], 8)
    rng = np.random.default_rng(0)
    images = []
    for i in range(8):
        label = np.zeros((512, 512), np.uint8)
        cv2.circle(label, (256, 256), 100, 1, -1)
        noise = rng.integers(0, 255, (64, 64, 3)).astype(np.uint8)
        images.append((f'{i}', cv2.resize(noise, (512, 512)), label))
    builder.collect(images, lambda item: item)
    builder.write('toy', 0)
    transform = TRANSFORMS.build(
        dict(type='MemoryCopyPaste', bank=str(folder), prob=1.))
    files = [str(path) for path in sorted(folder.rglob('*.png'))]
    image = images[0][1]
    labels = np.zeros((512, 512), np.uint8)

    def ours():
        transform(dict(img=image, gt_seg_map=labels, seg_fields=[]))

    def obvious():
        file = files[np.random.randint(len(files))]
        cut = cv2.imread(file, cv2.IMREAD_UNCHANGED)
        scale = np.random.uniform(0.5, 1.5)
        cut = mmcv.imrescale(cut, scale)
        if np.random.rand() < 0.5:
            cut = mmcv.imflip(cut)
        height, width = cut.shape[:2]
        top = np.random.randint(512 - height + 1)
        left = np.random.randint(512 - width + 1)
        canvas = np.zeros((512, 512, 4), np.float32)
        canvas[top:top + height, left:left + width] = cut
        alpha = (canvas[..., 3:] > 0).astype(np.float32)
        mixed = image * (1 - alpha) + canvas[..., :3] * alpha
        return mixed.astype(np.uint8), np.where(alpha[..., 0] > 0, 1, labels)

    # removed with the functions that read it
    ours.temporary = obvious.temporary = temporary
    return ours, obvious, None


PARTS = {
    'teacher update (EMA)': exponential_average,
    'pixel contrast': pixel_contrast,
    'entropy': entropy,
    'boundary F-score': boundary_score,
    'memory copy-paste': copy_paste,
}


def run(work):
    result = work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return result


def time_part(name, rounds):
    """Median seconds of both sides, run in turns."""
    ours, obvious, tolerance = PARTS[name]()
    results = [run(ours), run(obvious)]
    if tolerance is not None:
        gap = np.abs(
            np.asarray(torch.as_tensor(results[0]).cpu()) -
            np.asarray(torch.as_tensor(results[1]).cpu())).max()
        if not gap <= tolerance:
            raise SystemExit(f'{name}: the results differ by {gap}.')
    seconds = {side: [] for side in SIDES}
    for _ in range(rounds):
        for side, work in zip(SIDES, (ours, obvious)):
            start = time.perf_counter()
            run(work)
            seconds[side].append(time.perf_counter() - start)
    return [statistics.median(seconds[side]) for side in SIDES]


def memory_of(name, side):
    """Peak of one side beyond its inputs, in MiB, in another process."""
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', __file__, '--memory-of', name, side],
        capture_output=True,
        text=True)
    if done.returncode:
        print(done.stderr[-2000:], file=sys.stderr)
        return math.nan
    return json.loads(done.stdout.splitlines()[-1]) / _MIB


def main():
    args = parse_args()
    init_default_scope('mmseg')
    if args.memory_of:
        name, side = args.memory_of
        work = PARTS[name]()[SIDES.index(side)]
        before = peak_bytes()
        run(work)
        print(json.dumps(peak_bytes() - before))
        return
    where = torch.cuda.get_device_name() if device() == 'cuda' else 'CPU'
    print(f'{where}, torch {torch.__version__}, {torch.get_num_threads()} '
          f'threads, medians of {args.rounds} rounds')
    print('| part | ours, ms | obvious, ms | ours / obvious | peak MiB, ours |'
          ' obvious |')
    print('|---|---|---|---|---|---|')
    for name in args.parts:
        ours, obvious = time_part(name, args.rounds)
        memory = [memory_of(name, side) for side in SIDES]
        print(
            f'| {name} | {1e3 * ours:.1f} | {1e3 * obvious:.1f} | '
            f'{ours / obvious:.2f} | {memory[0]:.0f} | {memory[1]:.0f} |',
            flush=True)


if __name__ == '__main__':
    main()
