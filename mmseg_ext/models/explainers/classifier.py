import logging
import re
from collections import OrderedDict
from contextlib import nullcontext
from typing import Optional, Tuple, Union

import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.runner import CheckpointLoader
from torch import Tensor, nn

from ...utils.config_fields import type_name

# The space in which noise is added, whatever a classifier normalises with.
MEAN = (123.675, 116.28, 103.53)
STD = (58.395, 57.12, 57.375)
INSTALL = ('pip install "mmseg_ext[pretrain]" (mmpretrain and torchvision)')


def require_mmpretrain(field: str) -> None:
    """Say how to install mmpretrain where it is missing.

    Args:
        field (str): Config field that needs it.

    Raises:
        ImportError: If it cannot be imported.
    """
    try:
        import mmpretrain.models  # noqa: F401
    except ImportError as error:
        raise ImportError(f'{field} needs mmpretrain, which cannot be '
                          f'imported ({error}): {INSTALL}.') from error


class ExplainedClassifier(nn.Module):
    """A classifier that is fed images of a common normalisation.

    The common space is RGB with ImageNet's mean and deviation. An image is
    brought from there to the scale and the channel order of the classifier's
    own data preprocessor, inside the graph. The classifier is frozen and in
    eval mode; only its input has a gradient.

    Args:
        classifier (nn.Module): Gives logits (N, C) in ``mode='tensor'`` as
            classifiers of mmpretrain do. What its ``data_preprocessor`` has
            of ``mean``, ``std`` and ``to_rgb`` is applied.
        name (str): Name in messages and pictures.
        input_size (tuple[int], optional): Height and width of the only size
            that the classifier takes. Defaults to None, any.
    """

    def __init__(self,
                 classifier: nn.Module,
                 name: str,
                 input_size: Optional[Tuple[int, int]] = None) -> None:
        super().__init__()
        self.classifier = classifier.requires_grad_(False)
        self.name = name
        self.input_size = None if input_size is None else tuple(input_size)
        preprocessor = getattr(classifier, 'data_preprocessor', None)
        mean = getattr(preprocessor, 'mean', None)
        std = getattr(preprocessor, 'std', None)
        to_rgb = getattr(preprocessor, 'to_rgb',
                         getattr(preprocessor, '_channel_conversion', False))
        # (u * STD + MEAN - mean) / std, channel by channel
        order = slice(None) if to_rgb or preprocessor is None else [2, 1, 0]
        common_mean, common_std = (
            torch.tensor(x)[order].view(1, 3, 1, 1) for x in (MEAN, STD))
        mean = torch.zeros(1) if mean is None else mean.detach().cpu().float()
        std = torch.ones(1) if std is None else std.detach().cpu().float()
        if preprocessor is None:
            mean, std = common_mean, common_std
        self.swap_channels = order != slice(None)
        self.register_buffer(
            'scale', (common_std / std).view(1, -1, 1, 1), persistent=False)
        self.register_buffer(
            'shift', ((common_mean - mean) / std).view(1, -1, 1, 1),
            persistent=False)
        self.train(False)

    @classmethod
    def from_config(cls,
                    cfg: Union[str, dict],
                    field: str = 'classifier') -> 'ExplainedClassifier':
        """Build a classifier of mmpretrain with its weights.

        Args:
            cfg (str or dict): Name of a model of mmpretrain or path of a
                config; or a dict with it as ``model``, and with
                ``checkpoint`` (a file, or True for the published weights,
                the default of a name; None for random ones, the default of a
                config of one's own), ``name`` and ``input_size``. ``model``
                may be the config of a model itself. The config must have a
                ``data_preprocessor``.
            field (str): Config field, for messages. Defaults to 'classifier'.

        Raises:
            ImportError: If mmpretrain is missing.
            TypeError, ValueError: If the field is faulty, or the checkpoint
                lacks a weight.
        """
        require_mmpretrain(field)
        from mmpretrain import get_model
        cfg = dict(model=cfg) if isinstance(cfg, str) else dict(cfg)
        if 'type' in cfg:
            cfg = dict(model=cfg)
        unknown = set(cfg) - {'model', 'checkpoint', 'name', 'input_size'}
        if 'model' not in cfg or unknown:
            raise ValueError(
                f'{field} has the keys {sorted(cfg)}, but expected are model, '
                'and where wanted checkpoint, name and input_size.')
        model = cfg['model']
        published = isinstance(model, str) and not model.endswith('.py')
        checkpoint = cfg.get('checkpoint', published)
        name = cfg.get('name') or _short_name(model)
        try:
            model, weights = read_model(model)
            if not model.get('data_preprocessor'):
                raise ValueError('it has no data_preprocessor: give mean, std '
                                 'and to_rgb of its training')
            model = get_model(Config(dict(model=model)))
            if checkpoint:
                if checkpoint is not True:
                    weights = checkpoint
                load_weights(model, weights)
        except (ValueError, FileNotFoundError) as error:
            raise ValueError(f'{field}: {name!r} cannot be built '
                             f'({error}).') from error
        return cls(model, name, cfg.get('input_size'))

    def train(self, mode: bool = True) -> 'ExplainedClassifier':
        """Stays in eval mode."""
        return super().train(False)

    def resize(self, image: Tensor) -> Tensor:
        """Bring an image (1, 3, h, w) to the size that is taken."""
        if self.input_size is None or image.shape[2:] == self.input_size:
            return image
        return F.interpolate(
            image, self.input_size, mode='bilinear', align_corners=False)

    def forward(self,
                images: Tensor,
                amp_dtype: Optional[torch.dtype] = None) -> Tensor:
        """Logits of images of the common space.

        Args:
            images (Tensor): Shape (N, 3, h, w), RGB.
            amp_dtype (torch.dtype, optional): Type of the automatic mixed
                precision. Defaults to None, none.

        Returns:
            Tensor: Logits, (N, C).

        Raises:
            ValueError: If the classifier gives something else.
        """
        if self.swap_channels:
            images = images.flip(1)
        images = images * self.scale + self.shift
        scope = nullcontext() if amp_dtype is None else torch.autocast(
            images.device.type, dtype=amp_dtype)
        with scope:
            logits = self.classifier(images)
        if isinstance(logits, (list, tuple)) and len(logits) == 1:
            logits, = logits
        if getattr(logits, 'ndim', 0) != 2 or logits.shape[1] < 2:
            found = getattr(logits, 'shape', type(logits).__name__)
            raise ValueError(
                f'The classifier {self.name} gives {found}, but expected are '
                'logits of shape (N, C) of at least two classes.')
        return logits


def read_model(model: Union[str, dict]) -> Tuple[dict, Optional[str]]:
    """Read the config of a classifier.

    Args:
        model (str or dict): See :meth:`ExplainedClassifier.from_config`.

    Returns:
        tuple[dict, str or None]: The config, its data preprocessor in it even
        if the file has it beside; where its published weights are.
    """
    weights = None
    if not isinstance(model, str):
        cfg = Config(dict(model=dict(model)))
    elif model.endswith('.py'):
        cfg = Config.fromfile(model)
        weights = cfg.get('load_from')
    else:
        from mmpretrain.apis import ModelHub
        found = ModelHub.get(model)
        cfg, weights = found.config, found.weights
    cfg.model.setdefault('data_preprocessor', cfg.get('data_preprocessor'))
    return cfg.model, weights


def load_weights(classifier: nn.Module, checkpoint: Optional[str]) -> None:
    """Load a checkpoint, which may have other weights besides.

    Args:
        classifier (nn.Module): The classifier.
        checkpoint (str, optional): File or address.

    Raises:
        ValueError: If there is no checkpoint, or a weight of the classifier
            is missing or of another shape.
    """
    if checkpoint is None:
        raise ValueError('checkpoint is True, but no weights of it are '
                         'published: give a file')
    found = CheckpointLoader.load_checkpoint(checkpoint, map_location='cpu')
    found = found.get('state_dict', found)
    state_dict = OrderedDict(
        (re.sub(r'^module\.', '', key), value) for key, value in found.items())
    # versions of modules, some of which rename old keys
    state_dict._metadata = getattr(found, '_metadata', OrderedDict())
    # some models drop what they make themselves, whatever the checkpoint has
    made = classifier.load_state_dict(
        classifier.state_dict(), strict=False).missing_keys
    try:
        result = classifier.load_state_dict(state_dict, strict=False)
    except RuntimeError as error:
        reason = str(error).split('\n')[1].strip(' \t.')
        raise ValueError(f'checkpoint {checkpoint}: {reason}') from error
    own = dict(classifier.named_parameters(remove_duplicate=False))
    own.update(classifier.named_buffers(remove_duplicate=False))
    # a model makes its indices and counters itself
    missing = [
        key for key in result.missing_keys
        if key in own and key not in made and own[key].is_floating_point()
    ]
    if missing:
        raise ValueError(f'checkpoint {checkpoint} lacks {missing[0]!r} and '
                         f'{len(missing) - 1} other weights of it')
    if result.unexpected_keys:
        print_log(
            f'The classifier has no place for {result.unexpected_keys[0]!r} '
            f'and {len(result.unexpected_keys) - 1} other weights of '
            f'{checkpoint}.',
            logger='current',
            level=logging.WARNING)


def _short_name(model) -> str:
    if isinstance(model, str):
        return re.sub(r'\.py$', '', model.split('/')[-1])
    return type_name(model) or 'classifier'
