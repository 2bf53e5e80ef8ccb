"""Speed of AdvEnt and MinEnt against the authors' training loop.

An iteration of ``train_advent`` and ``train_minent`` as the authors wrote them
and one of ours take turns: the same network (DeepLabV2, ResNet-101), sizes and
batches, optimisers included, loading of files not. The authors' code is not
part of this project; clone https://github.com/valeoai/ADVENT first. It asks
for CUDA; on a CPU its calls of ``cuda`` are led there. On a CPU the seconds
are those of the processor, so that other work on the machine counts little; on
a GPU those of the clock::

    git clone https://github.com/valeoai/ADVENT
    OMP_NUM_THREADS=1 python tools/analysis_tools/compare_advent.py ADVENT \\
        --shape 128 256
"""
import argparse
import contextlib
import importlib
import io
import statistics
import sys
import time
import types
import warnings
from pathlib import Path

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT))

import mmseg_ext  # noqa: E402,F401  isort: skip  mends the stack first
import torch  # noqa: E402
from mmengine.config import Config  # noqa: E402
from mmengine.model import revert_sync_batchnorm  # noqa: E402
from mmengine.optim import build_optim_wrapper  # noqa: E402
from mmengine.registry import init_default_scope  # noqa: E402
from mmengine.structures import PixelData  # noqa: E402
from mmseg.registry import MODELS  # noqa: E402
from mmseg.structures import SegDataSample  # noqa: E402

# These do what the authors' code does where it differs from the paper.
CONFIG = ('configs/advent/{}_r101-deeplabv2_120k_gta2cityscapes-512x1024_'
          'official.py')
METHODS = ('AdvEnt', 'MinEnt')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('reference', type=Path, help="the authors' code")
    parser.add_argument(
        '--shape',
        type=int,
        nargs=2,
        default=(512, 1024),
        metavar=('HEIGHT', 'WIDTH'),
        help='size of the images of both domains (default: 512 1024)')
    parser.add_argument(
        '--rounds',
        type=int,
        default=5,
        help='timed iterations after a warm-up (default: 5)')
    parser.add_argument(
        '--methods', nargs='+', choices=METHODS, default=METHODS)
    args = parser.parse_args()
    if not (args.reference / 'advent/domain_adaptation/train_UDA.py').exists():
        parser.error(f'{args.reference} is not a clone of valeoai/ADVENT: '
                     'advent/domain_adaptation/train_UDA.py is not there')
    return args


def import_reference(folder: Path, device: str):
    """Their modules; what they only draw with may be missing."""
    sys.path.append(str(folder.resolve()))
    for name, drawn in (('tensorboardX', 'SummaryWriter'),
                        ('torchvision.utils', 'make_grid')):
        try:
            importlib.import_module(name)
        except ImportError:
            sys.modules[name] = types.ModuleType(name)
            setattr(sys.modules[name], drawn, None)
    if device == 'cpu':
        torch.Tensor.cuda = lambda tensor, *args, **kwargs: tensor
        torch.Tensor.get_device = lambda tensor: tensor.device
    return (importlib.import_module('advent.domain_adaptation.train_UDA'),
            importlib.import_module('advent.model.deeplabv2'))


def settings_of(method: str, shape, device: str, folder: str):
    """The authors' settings, as the loop reads them."""
    size = tuple(shape)[::-1]
    return types.SimpleNamespace(
        GPU_ID=device,
        NUM_CLASSES=19,
        TRAIN=types.SimpleNamespace(
            DA_METHOD=method,
            INPUT_SIZE_SOURCE=size,
            INPUT_SIZE_TARGET=size,
            TENSORBOARD_LOGDIR='',
            LEARNING_RATE=2.5e-4,
            LEARNING_RATE_D=1e-4,
            MOMENTUM=0.9,
            WEIGHT_DECAY=5e-4,
            POWER=0.9,
            MULTI_LEVEL=True,
            LAMBDA_SEG_MAIN=1.0,
            LAMBDA_SEG_AUX=0.1,
            LAMBDA_ADV_MAIN=1e-3,
            LAMBDA_ADV_AUX=2e-4,
            LAMBDA_ENT_MAIN=1e-3,
            LAMBDA_ENT_AUX=2e-4,
            MAX_ITERS=250000,
            EARLY_STOP=120000,
            SAVE_PRED_EVERY=10**9,
            SNAPSHOT_DIR=folder))


def our_iteration(method: str, device: str):
    """A function that trains one iteration on images and labels."""
    cfg = Config.fromfile(str(ROOT / CONFIG.format(method.lower())))
    init_default_scope(cfg.default_scope)
    cfg.model.segmentor.backbone.init_cfg = None
    algorithm = revert_sync_batchnorm(MODELS.build(cfg.model)).to(device)
    algorithm.train()
    optim_wrapper = build_optim_wrapper(algorithm, cfg.optim_wrapper)

    def iteration(source, labels, target):
        meta = dict(img_shape=source.shape[-2:], ori_shape=source.shape[-2:])
        samples = [
            SegDataSample(
                metainfo=meta, gt_sem_seg=PixelData(data=label[None]))
            for label in labels
        ]
        empty = [SegDataSample(metainfo=meta) for _ in target]
        batch = dict(
            inputs=dict(source=list(source), target=list(target)),
            data_samples=dict(source=samples, target=empty))
        algorithm.train_step(batch, optim_wrapper)

    return iteration


class EnoughIterations(Exception):
    """Ends the authors' loop."""


def compare(method: str, reference, args: argparse.Namespace, device: str):
    """Seconds of iterations, theirs and ours in turns."""
    train, network = reference
    clock = time.process_time if device == 'cpu' else time.perf_counter

    def now() -> float:
        if device == 'cuda':
            torch.cuda.synchronize()
        return clock()

    torch.manual_seed(0)
    images = torch.randint(0, 256, (2, 1, 3, *args.shape), dtype=torch.uint8)
    labels = torch.randint(0, 19, (1, *args.shape))
    source, target = images.float() - 110
    ours = our_iteration(method, device)
    times = [[], []]

    def source_loader():
        # The loop asks for the source once, at the start of an iteration.
        start = None
        while True:
            if start is not None:
                times[0].append(now() - start)
                start = now()
                ours(images[0], labels, images[1])
                times[1].append(now() - start)
                if len(times[1]) > args.rounds:
                    raise EnoughIterations
            start = now()
            yield source, labels, None, None

    def target_loader():
        while True:
            yield target, None, None, None

    model = network.get_deeplab_v2(num_classes=19, multi_level=True)
    cfg = settings_of(method, args.shape, device, 'not-written')
    with contextlib.redirect_stdout(io.StringIO()), \
            contextlib.redirect_stderr(io.StringIO()), \
            contextlib.suppress(EnoughIterations):
        train.train_domain_adaptation(model, source_loader(), target_loader(),
                                      cfg)
    return [kept[1:] for kept in times]


def main() -> None:
    args = parse_args()
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    warnings.filterwarnings('ignore')
    reference = import_reference(args.reference, device)
    print(f'{device}, torch {torch.__version__}, '
          f'{torch.get_num_threads()} threads, {args.shape[0]}x'
          f'{args.shape[1]}, {args.rounds} rounds, medians')
    print("| method | authors' code, s | ours, s | ratio |\n|---|---|---|---|")
    for method in args.methods:
        times = compare(method, reference, args, device)
        theirs, ours = (statistics.median(kept) for kept in times)
        ratio = statistics.median(one / other for one, other in zip(*times))
        print(
            f'| {method} | {theirs:.2f} | {ours:.2f} | {ratio:.2f} |',
            flush=True)


if __name__ == '__main__':
    main()
