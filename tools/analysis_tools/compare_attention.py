"""Peak memory and time of DANet's position attention, dense and linear.

Forward and backward of one image at the widths of the paper (query and key
64, value 512), each case in a process of its own, one after the other. On a
GPU where there is one::

    python tools/analysis_tools/compare_attention.py --size 96 96 \\
        --size 128 256
"""
import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[2]))

import mmseg_ext  # noqa: E402,F401  isort: skip  mends the stack first
import torch  # noqa: E402

from mmseg_ext.models.decode_heads.efficient_da_head import \
    EfficientPAM  # noqa: E402
from mmseg_ext.utils.peak_memory import peak_bytes  # noqa: E402

_MIB = 2**20


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        '--size',
        type=int,
        nargs=2,
        action='append',
        metavar=('HEIGHT', 'WIDTH'),
        help='size of the feature map; may be given several times (default: '
        '96 96 and 128 256)')
    parser.add_argument(
        '--modes',
        nargs='+',
        default=['dense', 'auto'],
        help='values of position_attention (default: dense auto)')
    parser.add_argument(
        '--repeats', type=int, default=1, help='timed runs (default: 1)')
    parser.add_argument('--case', help=argparse.SUPPRESS)
    args = parser.parse_args()
    args.size = args.size or [[96, 96], [128, 256]]
    return args


def measure(mode: str, height: int, width: int, repeats: int) -> dict:
    """Peak memory beyond what is there before, and seconds of a run."""
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    attention = EfficientPAM(512, 64, mode).to(device)
    torch.nn.init.constant_(attention.gamma.scale, 0.7)
    # kernels and their workspaces are loaded with the first call
    small = torch.randn(1, 512, 40, 40, device=device)
    attention(small).sum().backward()
    x = torch.randn(1, 512, height, width, device=device, requires_grad=True)
    before = peak_bytes()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        attention(x).sum().backward()
        if device == 'cuda':
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    return dict(memory=peak_bytes() - before, seconds=min(seconds))


def main() -> None:
    args = parse_args()
    if args.case:
        print(json.dumps(measure(*json.loads(args.case))))
        return
    device = 'CPU'
    if torch.cuda.is_available():
        device = torch.cuda.get_device_name()
    print(f'{device}, torch {torch.__version__}, '
          f'{torch.get_num_threads()} threads; forward and backward')
    print('| map | attention | peak memory, MiB | seconds |')
    print('|---|---|---|---|')
    for height, width in args.size:
        for mode in args.modes:
            case = json.dumps([mode, height, width, args.repeats])
            done = subprocess.run(
                [sys.executable, '-W', 'ignore', __file__, '--case', case],
                capture_output=True,
                text=True)
            if done.returncode:
                print(f'| {height}x{width} | {mode} | failed | |')
                print(done.stderr[-2000:], file=sys.stderr)
                continue
            found = json.loads(done.stdout.splitlines()[-1])
            print(
                f'| {height}x{width} | {mode} | '
                f'{found["memory"] / _MIB:.0f} | {found["seconds"]:.2f} |',
                flush=True)


if __name__ == '__main__':
    main()
