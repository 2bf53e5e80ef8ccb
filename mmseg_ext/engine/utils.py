"""Small helpers shared by hooks and loops."""
import torch.nn as nn
from mmengine.model import is_model_wrapper


def unwrap_model(model: nn.Module) -> nn.Module:
    """Give the module inside a model wrapper such as DDP.

    Args:
        model (nn.Module): A plain or a wrapped model.

    Returns:
        nn.Module: The plain model.
    """
    return model.module if is_model_wrapper(model) else model
