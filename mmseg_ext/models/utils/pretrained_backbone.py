from typing import Dict

from mmengine.runner import CheckpointLoader
from torch import Tensor, nn


def load_backbone_except_input(backbone: nn.Module,
                               checkpoint: str,
                               in_channels: int,
                               shortcuts: bool = True) -> None:
    """Load a backbone's weights for images into one that takes more channels.

    Its first convolution, the only layer of another shape, keeps weights of
    its own, drawn as torch draws them.

    Args:
        backbone (nn.Module): The backbone.
        checkpoint (str): Where its weights are, as mmengine reads it:
            ``'torchvision://resnet34'``, ``'open-mmlab://...'``, a URL or a
            file.
        in_channels (int): Input channels of the backbone.
        shortcuts (bool): Whether to load the 1x1 convolutions of the
            shortcuts and their norm layers. Defaults to True.

    Raises:
        RuntimeError: If the checkpoint cannot be read.
        ValueError: If it is one of another architecture.
    """
    try:
        weights = CheckpointLoader.load_checkpoint(
            checkpoint, map_location='cpu', logger='silent')
    except (OSError, ImportError, KeyError) as error:
        raise RuntimeError(
            f'The weights {checkpoint!r} that `pretrained` of the pseudo '
            f'filter names cannot be read ({error}): give the path of a file '
            'with them, or None to train from scratch.') from error
    weights = _plain_backbone(weights)
    name, first = next(
        (name, module) for name, module in backbone.named_modules()
        if isinstance(module, nn.Conv2d) and module.in_channels == in_channels)
    own = backbone.state_dict()
    chosen = {}
    for key, value in own.items():
        if key.startswith(f'{name}.') or (not shortcuts
                                          and '.downsample.' in key):
            continue
        if key in weights and weights[key].shape == value.shape:
            chosen[key] = weights[key]
        elif not key.endswith('num_batches_tracked'):
            found = tuple(weights[key].shape) if key in weights else 'nothing'
            raise ValueError(
                f'The weights {checkpoint!r} that `pretrained` of the pseudo '
                f'filter names do not fit its backbone: {key!r} should be '
                f'{tuple(value.shape)} but is {found}; give those of the same '
                'architecture, or None.')
    backbone.load_state_dict(chosen, strict=False)
    first.reset_parameters()


def _plain_backbone(checkpoint: Dict) -> Dict[str, Tensor]:
    weights = checkpoint.get('state_dict', checkpoint)
    prefix = 'backbone.'
    if any(key.startswith(prefix) for key in weights):
        return {
            key[len(prefix):]: value
            for key, value in weights.items() if key.startswith(prefix)
        }
    return weights
