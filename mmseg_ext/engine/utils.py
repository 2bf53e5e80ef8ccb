"""Small helpers shared by hooks and loops."""
from typing import Sequence

import torch.nn as nn
from mmengine.model import is_model_wrapper
from torch.utils.data import DataLoader


def unwrap_model(model: nn.Module) -> nn.Module:
    """Give the module inside a model wrapper such as DDP.

    Args:
        model (nn.Module): A plain or a wrapped model.

    Returns:
        nn.Module: The plain model.
    """
    return model.module if is_model_wrapper(model) else model


def release_workers(dataloader: DataLoader) -> None:
    """End the persistent workers of a loader; its next use starts new ones.

    Args:
        dataloader (DataLoader): Any loader, with or without workers.
    """
    if getattr(dataloader, '_iterator', None) is not None:
        dataloader._iterator = None


def check_workers(cfg: dict, fields: Sequence[str]) -> None:
    """Refuse data loaders that shall keep workers and have none.

    PyTorch does so too, late and without a name.

    Args:
        cfg (dict): The config.
        fields (Sequence[str]): Its data loaders.

    Raises:
        ValueError: If one of them does.
    """
    for field in fields:
        loader = cfg.get(field) or {}
        if loader.get('persistent_workers') and not loader.get('num_workers'):
            raise ValueError(
                f'{field}.num_workers is 0 but persistent_workers=True: set '
                f'{field}.persistent_workers=False.')


def iterations_per_step(runner) -> int:
    """Count the iterations that make one step of the optimiser.

    Args:
        runner (Runner): A runner that is training.

    Returns:
        int: ``optim_wrapper.accumulative_counts``; 1 where the loop
        accumulates within an iteration.
    """
    batches = getattr(runner.optim_wrapper, '_accumulative_counts', 1)
    return max(1,
               batches // getattr(runner.train_loop, 'accumulative_counts', 1))
