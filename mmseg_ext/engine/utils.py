"""Small helpers shared by hooks and loops."""
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
