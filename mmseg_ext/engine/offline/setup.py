"""What the command lines of offline steps have in common."""
import argparse
import os
from typing import Dict, Optional, Sequence, Tuple

import torch
from mmengine.config import Config, DictAction
from mmengine.dist import init_dist, is_distributed
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint
from mmseg.registry import MODELS
from mmseg.utils import register_all_modules
from torch import Tensor, nn


def offline_parser(description: str,
                   out: str,
                   checkpoint: bool = True) -> argparse.ArgumentParser:
    """A parser with the arguments that every step has.

    Args:
        description (str): Of the tool.
        out (str): What OUT is.
        checkpoint (bool): Whether the step needs a CHECKPOINT. Defaults to
            True.
    """
    parser = argparse.ArgumentParser(
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config of the training')
    if checkpoint:
        parser.add_argument('checkpoint', help='its checkpoint')
    parser.add_argument('out', help=out)
    parser.add_argument(
        '--workers', type=int, default=2, help='processes that load images')
    parser.add_argument('--device', help='default: cuda or cpu')
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='job launcher; the images are shared out to the processes')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        help='override settings of the config, as key=value')
    # torch.distributed.launch adds it
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)
    return parser


def read_config(args: argparse.Namespace,
                backend: Optional[str] = None) -> Config:
    """Read the config and start the processes' group.

    Args:
        args (argparse.Namespace): The arguments.
        backend (str, optional): What the processes talk by. Defaults to
            None, NCCL where there are GPUs.
    """
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    register_all_modules(init_default_scope=False)
    cfg = Config.fromfile(args.config)
    cfg.merge_from_dict(args.cfg_options or {})
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    if args.launcher != 'none':
        if backend is None:
            backend = 'nccl' if torch.cuda.is_available() else 'gloo'
        init_dist(args.launcher, backend=backend)
    return cfg


def load_model(
        cfg: Config,
        args: argparse.Namespace,
        needed: Optional[Sequence[str]] = None
) -> Tuple[nn.Module, torch.device]:
    """Build the model in eval mode with its checkpoint on its device.

    Args:
        cfg (Config): The config.
        args (argparse.Namespace): The arguments.
        needed (Sequence[str], optional): What the names of the weights that
            the step uses begin with. Defaults to None, all of the segmentor
            but for auxiliary heads.

    Raises:
        ValueError: If the checkpoint has not all of them.
    """
    device = find_device(args)
    model = MODELS.build(cfg.model)
    weights = _used_weights(model, needed)
    versions = {key: value._version for key, value in weights.items()}
    checkpoint = load_checkpoint(model, args.checkpoint, map_location='cpu')
    for key, value in weights.items():
        # loading writes in place, which tensors count, whatever the hooks
        # of the model make of the names in the checkpoint
        if value._version == versions[key]:
            state = checkpoint.get('state_dict', checkpoint)
            found = state.get(key, state.get(key.removeprefix('segmentor.')))
            raise ValueError(
                f'CHECKPOINT {args.checkpoint} does not fit CONFIG '
                f'{args.config}: {key!r} must be of shape '
                f'{tuple(value.shape)} but the checkpoint has '
                f'{"nothing" if found is None else tuple(found.shape)}.')
    model.dataset_meta = checkpoint.get('meta', {}).get('dataset_meta')
    return model.to(device).eval(), device


def inference_settings(cfg: Config) -> dict:
    """What a prediction depends on beside weights and pipeline.

    Args:
        cfg (Config): The config.

    Returns:
        dict: Plain values by their fields, for the recipe of an
        :class:`OfflineCache`.
    """
    model = cfg.model.to_dict()
    parts = {'model': model, 'model.segmentor': model.get('segmentor') or {}}
    return {
        f'{field}.{key}': part.get(key)
        for field, part in parts.items()
        for key in ('data_preprocessor', 'test_cfg')
    }


def _used_weights(model: nn.Module,
                  needed: Optional[Sequence[str]]) -> Dict[str, Tensor]:
    """Parameters and running statistics, by name."""
    if needed is None:
        needed = ['segmentor.' if hasattr(model, 'segmentor') else '']
    learnt = {name for name, _ in model.named_parameters()}
    return {
        key: value
        for key, value in model.state_dict().items()
        if key.startswith(tuple(needed)) and 'auxiliary_head.' not in key and (
            key in learnt or key.endswith(('running_mean', 'running_var')))
    }


def find_device(args: argparse.Namespace) -> torch.device:
    """The device that was asked for, or else the process's own."""
    device = args.device
    if device is None:
        device = 'cpu'
        if torch.cuda.is_available():
            # the launcher has chosen; not all of them tell LOCAL_RANK
            number = (
                torch.cuda.current_device()
                if is_distributed() else int(os.environ['LOCAL_RANK']))
            device = f'cuda:{number}'
    return torch.device(device)
