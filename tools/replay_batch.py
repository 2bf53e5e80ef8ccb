"""Replay the batch on which training stopped with a non-finite loss."""
import argparse
import sys
from pathlib import Path

import torch

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[1]))

from mmseg_ext.engine.replay import load_dump, replay  # noqa: E402


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('dump', help='nonfinite_iter_*.pth in the work_dir')
    parser.add_argument(
        '--device',
        default='cuda' if torch.cuda.is_available() else 'cpu',
        help='where to run; random draws depend on it (default: %(default)s)')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    dump = load_dump(args.dump)
    print(f'Iteration {dump["iter"] + 1}, rank {dump["rank"]}, stage '
          f'{dump["stage"]}; not finite in training: '
          f'{", ".join(dump["losses"])}')
    result = replay(dump, args.device)
    for name in result.bad_state:
        print(f'not finite in the model\'s state: {name}')
    for name, value in result.losses.items():
        print(f'{name}: {value:.6g}')
    print('first non-finite output: ' +
          (result.first_bad or 'none, every module gave finite values'))
    if dump['last_checkpoint']:
        print(f'last checkpoint before it: {dump["last_checkpoint"]}')


if __name__ == '__main__':
    main()
