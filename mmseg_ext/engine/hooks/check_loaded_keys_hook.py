import re
from typing import Optional, Sequence

from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.model import BaseTTAModel
from mmseg.registry import HOOKS

from ...models.backbones.hybrid_vision_transformer import (
    HybridVisionTransformer, check_variant, fit_position)
from ...models.utils.plain_checkpoint import is_plain_layout
from ..utils import unwrap_model


@HOOKS.register_module()
class CheckLoadedKeysHook(Hook):
    """Refuse a pre-trained checkpoint that leaves too much at random.

    MMEngine loads ``load_from`` as far as it fits and warns at most, so that a
    wrong file would train from scratch. Here every weight of the model must
    be in the file, in its shape, but for the classifier; one line tells what
    starts at random.

    Args:
        allowed_missing (Sequence[str], optional): Regular expressions that
            match the beginning of the names of weights that may be missing.
            Defaults to None: what the file itself names as left out
            (:class:`ExportPretrainedHook`), and auxiliary heads.

    Raises:
        ValueError: If another weight is missing or of another shape, or the
            backbone is another variant.
    """

    def __init__(self,
                 allowed_missing: Optional[Sequence[str]] = None) -> None:
        self.allowed_missing = allowed_missing

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Compare the file with the model."""
        meta = checkpoint.get('meta', {})
        state_dict = checkpoint.get('state_dict', checkpoint)
        model = unwrap_model(runner.model)
        if isinstance(model, BaseTTAModel):
            model = unwrap_model(model.module)
        if hasattr(model, 'segmentor') and is_plain_layout(state_dict, model):
            model = model.segmentor
        variant = getattr(getattr(model, 'backbone', None), 'variant', None)
        if variant is not None:
            check_variant(checkpoint, variant, 'that load_from names')
        state_dict = dict(state_dict)
        for name, module in model.named_modules():
            if isinstance(module, HybridVisionTransformer):
                # as it does itself when it loads
                fit_position(module, state_dict, f'{name}.')
        allowed = self.allowed_missing
        if allowed is None:
            dropped = map(re.escape, meta.get('dropped_keys', ()))
            allowed = [*(f'{key}$' for key in dropped), r'auxiliary_head\.']
        own = model.state_dict()
        absent = [
            key for key, value in own.items()
            if getattr(state_dict.get(key), 'shape', None) != value.shape
        ]
        wrong = [
            key for key in absent
            if not any(re.match(pattern, key) for pattern in allowed)
        ]
        if wrong:
            found = state_dict.get(wrong[0])
            raise ValueError(
                f'The checkpoint that load_from names does not fit the model: '
                f'{wrong[0]!r} should be {tuple(own[wrong[0]].shape)} but is '
                f'{"missing" if found is None else tuple(found.shape)} '
                f'({len(wrong) - 1} more): give the pretrained.pth of this '
                'segmentor, or list CheckLoadedKeysHook.allowed_missing.')
        print_log(
            f'Loaded {len(own) - len(absent)} of {len(own)} weights; from '
            f'random ones start: {", ".join(absent) or "none"}.',
            logger='current')
