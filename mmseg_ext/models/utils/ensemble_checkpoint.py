import logging
from typing import Dict

from mmengine.logging import print_log
from torch import Tensor, nn


def segmentor_state_dict(state_dict: Dict[str, Tensor]) -> Dict[str, Tensor]:
    """Weights of the segmentor, taken out of an algorithm's checkpoint."""
    prefix = 'segmentor.'
    inner = {
        key[len(prefix):]: value
        for key, value in state_dict.items() if key.startswith(prefix)
    }
    return inner or dict(state_dict)


def load_exactly(model: nn.Module, state_dict: Dict[str, Tensor],
                 field: str) -> None:
    """Load a checkpoint that must have every parameter of a segmentor.

    Args:
        model (nn.Module): The segmentor.
        state_dict (dict[str, Tensor]): Of it or of an algorithm around it.
        field (str): Config field and file, for messages.

    Raises:
        ValueError: If a parameter is missing or of another shape.
    """
    state_dict = segmentor_state_dict(state_dict)
    own = model.state_dict()
    for key, value in own.items():
        found = state_dict.get(key)
        if found is None and key.endswith('num_batches_tracked'):
            continue
        if found is None or found.shape != value.shape:
            what = 'nothing' if found is None else tuple(found.shape)
            raise ValueError(
                f'{field} does not fit its model: {key!r} must be of shape '
                f'{tuple(value.shape)} but the checkpoint has {what}.')
    ignored = [key for key in state_dict if key not in own]
    if ignored:
        print_log(
            f'{field} has {len(ignored)} parameters that its model lacks, '
            f'such as {ignored[0]!r}; they are not used.',
            logger='current',
            level=logging.WARNING)
    model.load_state_dict({
        key: state_dict.get(key, value)
        for key, value in own.items()
    })


def adopt_checkpoint_of_one(module: nn.Module, state_dict: Dict[str, Tensor],
                            prefix: str, *args) -> None:
    """Let an ensemble load the checkpoint of one segmentor, as its first.

    A ``load_state_dict`` pre-hook.

    Raises:
        ValueError: If nothing in the checkpoint fits the first model.
    """
    keys = [key for key in state_dict if key.startswith(prefix)]
    if not keys or any(key.startswith(f'{prefix}models.') for key in keys):
        return
    single = segmentor_state_dict(
        {key[len(prefix):]: state_dict.pop(key)
         for key in keys})
    own = module.state_dict()
    if not any(f'models.0.{key}' in own for key in single):
        raise ValueError(
            'The checkpoint (load_from, or the one given to the tool) is of '
            f'another model: none of its {len(single)} parameters, such as '
            f'{next(iter(single))!r}, belongs to model.models[0].')
    state_dict.update({
        f'{prefix}{key}': value
        for key, value in own.items() if not key.startswith('models.0.')
    })
    state_dict.update({
        f'{prefix}models.0.{key}': value
        for key, value in single.items()
    })
