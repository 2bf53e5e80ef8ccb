from contextlib import contextmanager
from functools import partial

from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.dropout import _DropoutNd

# Stochastic layers of mmcv, mmpretrain, timm and torchvision, which share no
# base class. Subclasses count as well.
_DROPOUT_NAMES = {'DropPath', 'DropBlock', 'DropBlock2d', 'StochasticDepth'}


def is_dropout(module: nn.Module) -> bool:
    """Whether a module drops something at random while it trains.

    ``nn.MultiheadAttention`` counts: its attention dropout is no module of
    its own, and nothing else in it depends on the mode.
    """
    if isinstance(module, (_DropoutNd, nn.MultiheadAttention)):
        return True
    return any(cls.__name__ in _DROPOUT_NAMES for cls in type(module).__mro__)


@contextmanager
def eval_mode(module: nn.Module):
    """Evaluate a module without a trace on its training.

    On exit, also by an exception, each layer gets back the mode that it had.

    Args:
        module (nn.Module): The module.
    """
    training = [layer for layer in module.modules() if layer.training]
    for layer in training:
        layer.training = False
    try:
        yield module
    finally:
        for layer in training:
            layer.training = True


@contextmanager
def eval_dropout(module: nn.Module):
    """Switch dropout and drop-path off, and leave every other mode alone.

    In the scope, batch normalisation of a module in train mode still uses
    (and updates by) the statistics of the batch. On exit, also by an
    exception, each layer gets back the mode that it had.

    Args:
        module (nn.Module): The module whose stochastic layers are meant.
    """
    training = [
        layer for layer in module.modules()
        if layer.training and is_dropout(layer)
    ]
    # The flag and not eval(): that of mmseg's backbones returns None, and
    # children of an attention layer keep their mode.
    for layer in training:
        layer.training = False
    try:
        yield module
    finally:
        for layer in training:
            layer.training = True


@contextmanager
def batch_statistics(module: nn.Module):
    """Let normalisation layers in eval mode use the batch, not its history.

    Nothing is updated, and synchronised layers look at the batch of their
    rank alone. Where a layer sees one value a channel, as behind global
    pooling with one image, which has no variance, it uses its running
    statistics. On exit, also by an exception, each layer has these again.

    Args:
        module (nn.Module): The module whose normalisation layers are meant;
            those in train mode are left alone.
    """
    layers = [
        layer for layer in module.modules() if isinstance(layer, _NormBase)
        and not layer.training and layer.track_running_stats
    ]
    kept = [(layer.running_mean, layer.running_var) for layer in layers]

    def choose(running, layer, inputs):
        one_value = inputs[0].numel() <= inputs[0].shape[1]
        layer.running_mean, layer.running_var = (
            running if one_value else (None, None))

    hooks = [
        layer.register_forward_pre_hook(partial(choose, running))
        for layer, running in zip(layers, kept)
    ]
    try:
        yield module
    finally:
        for layer, hook, (mean, var) in zip(layers, hooks, kept):
            hook.remove()
            layer.running_mean, layer.running_var = mean, var


@contextmanager
def untracked_statistics(module: nn.Module):
    """Let normalisation layers in train mode keep no history of what they see.

    They use the statistics of the batch as ever, and running ones stay as
    they are. On exit, also by an exception, each layer tracks again.

    Args:
        module (nn.Module): The module whose normalisation layers are meant;
            those in eval mode are left alone.
    """
    layers = [
        layer for layer in module.modules() if isinstance(layer, _NormBase)
        and layer.training and layer.track_running_stats
    ]
    kept = [(layer.running_mean, layer.running_var) for layer in layers]
    for layer in layers:
        layer.running_mean = layer.running_var = None
        layer.track_running_stats = False
    try:
        yield module
    finally:
        for layer, (mean, var) in zip(layers, kept):
            layer.running_mean, layer.running_var = mean, var
            layer.track_running_stats = True
