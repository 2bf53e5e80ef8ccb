"""Hold a training iteration against the passes that it cannot avoid."""
import argparse
import sys
import time
from collections import defaultdict
from pathlib import Path
from statistics import median

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[2]))

import mmseg_ext  # noqa: E402,F401  isort: skip  mends the stack first
import torch  # noqa: E402
from mmengine.config import Config, DictAction  # noqa: E402
from mmengine.optim import build_optim_wrapper  # noqa: E402
from mmengine.registry import init_default_scope  # noqa: E402
from mmengine.runner import Runner  # noqa: E402
from mmseg.registry import MODELS  # noqa: E402

from mmseg_ext.models.utils.ema import ModuleTwins  # noqa: E402


def parse_args():
    parser = argparse.ArgumentParser(
        description='Time a whole training iteration (preprocessing, losses, '
        'backward, optimiser, teacher) and, in the same run, the sum of the '
        'forward and backward passes that the method cannot avoid')
    parser.add_argument('config', help='config of an algorithm')
    parser.add_argument('--stage', help='stage to time, default: the last')
    parser.add_argument('--rounds', type=int, default=15)
    parser.add_argument('--warmup', type=int, default=3)
    parser.add_argument('--limit', type=float, default=1.10)
    parser.add_argument('--device', default=None, help='default: cuda or cpu')
    parser.add_argument('--threads', type=int, default=None)
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        help='override settings of the config, key=value')
    return parser.parse_args()


class Clock:
    """Median seconds of named pieces of work, interleaved over rounds."""

    def __init__(self, device):
        self.cuda = torch.device(device).type == 'cuda'
        self.times = defaultdict(list)

    def _now(self):
        if self.cuda:
            torch.cuda.synchronize()
        return time.perf_counter()

    def time(self, name, work):
        start = self._now()
        work()
        self.times[name].append(self._now() - start)

    def median(self, name, skip):
        return median(self.times[name][skip:])


def main():
    args = parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    cfg = Config.fromfile(args.config)
    if args.cfg_options is not None:
        cfg.merge_from_dict(args.cfg_options)
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    device = args.device or ('cuda' if torch.cuda.is_available() else 'cpu')

    algorithm = MODELS.build(cfg.model).to(device)
    algorithm.init_weights()
    algorithm.train()
    stage = args.stage or (algorithm.stage_names or [None])[-1]
    for name in algorithm.stage_names:
        algorithm.set_stage(name)
        algorithm.enter_stage(name)
        if name == stage:
            break
    if hasattr(algorithm, 'error_simulation'):
        algorithm.error_simulation = True
    optim_wrapper = build_optim_wrapper(algorithm, cfg.optim_wrapper)
    twins = []
    if getattr(algorithm, 'teacher_active', False):
        twins = [
            ModuleTwins(teacher, student)
            for teacher, student in algorithm.teacher_student_pairs()
        ]
    batch = next(iter(Runner.build_dataloader(cfg.train_dataloader, seed=0)))

    def iteration():
        algorithm.train_step(batch, optim_wrapper)
        for pair in twins:
            pair.lerp_(0.005)

    data = algorithm.data_preprocessor(batch, True)
    passes = algorithm.bare_passes(data['inputs'], data['data_samples'])

    def bare(run):
        loss = run()
        if loss is not None:
            loss.backward()

    clock = Clock(device)
    for _ in range(args.rounds + args.warmup):
        clock.time('iteration', iteration)
        for name, run in passes.items():
            clock.time(name, lambda run=run: bare(run))
        optim_wrapper.zero_grad()

    floor = 0.
    for name in passes:
        seconds = clock.median(name, args.warmup)
        floor += seconds
        print(f'{name:32s} {seconds * 1000:9.1f} ms')
    whole = clock.median('iteration', args.warmup)
    print(f'{"sum of the passes":32s} {floor * 1000:9.1f} ms')
    print(f'{"training iteration":32s} {whole * 1000:9.1f} ms')
    print(f'ratio {whole / floor:.3f} (limit {args.limit:.2f}), stage '
          f'{stage!r}, medians of {args.rounds} rounds on {device}')
    raise SystemExit(0 if whole <= args.limit * floor else 1)


if __name__ == '__main__':
    main()
