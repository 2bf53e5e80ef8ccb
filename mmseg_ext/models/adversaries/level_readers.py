"""Building what reads the levels of a segmentor."""
from mmseg.registry import MODELS
from mmseg.utils import ConfigType
from torch import nn

from ..utils.segmentor_levels import SegmentorLevels
from .domain_adversary import DomainAdversary


def build_adversary(cfg: ConfigType, levels: SegmentorLevels,
                    field: str) -> DomainAdversary:
    """Build the adversary of a level and have that level recorded.

    Args:
        cfg (dict): Config of a :class:`DomainAdversary`; ``type``, and
            ``in_channels`` of the discriminator where it can be known, are
            filled in.
        levels (SegmentorLevels): The levels of the segmentor.
        field (str): The config field of ``cfg``.

    Returns:
        DomainAdversary: The adversary.

    Raises:
        ValueError: If the segmentor has no such level, or the level does not
            fit the adversary.
    """
    for name in ('level', 'align', 'discriminator'):
        if name not in cfg:
            raise ValueError(f'{field} has no {name}.')
    level, discriminator = cfg['level'], dict(cfg['discriminator'])
    levels.watch(level, f'{field}.level')
    _check_class_count(level, levels, f'{field}.level')
    channels = levels.channels(level)
    found = discriminator.setdefault('in_channels', channels)
    if found is None:
        raise ValueError(
            f'{field}.discriminator.in_channels must be given: the channels '
            f'of the level {level!r} cannot be told.')
    if channels not in (None, found):
        raise ValueError(
            f'{field}.discriminator.in_channels is {found}, but the level '
            f'{level!r} has {channels} channels.')
    adversary = MODELS.build(
        dict(type='DomainAdversary') | dict(cfg)
        | dict(discriminator=discriminator))
    if adversary.representation.of_logits and not levels.is_logits(level):
        raise ValueError(
            f'{field}.align is {cfg["align"]!r}, which needs logits, but '
            f"level is {level!r}, a map of features: set align='feature'.")
    return adversary


def build_target_loss(cfg: ConfigType, levels: SegmentorLevels,
                      field: str) -> nn.Module:
    """Build a loss on target logits and have its level recorded.

    Args:
        cfg (dict): Config of the loss.
        levels (SegmentorLevels): The levels of the segmentor.
        field (str): The config field of ``cfg``.

    Returns:
        nn.Module: The loss.

    Raises:
        ValueError: If the segmentor has no such level, it is none of logits,
            or the loss is made for another number of classes.
    """
    loss = MODELS.build(cfg)
    levels.watch(loss.level, f'{field}.level')
    if not levels.is_logits(loss.level):
        raise ValueError(
            f'{field}.level is {loss.level!r}, a map of features, but '
            f'{type(loss).__name__} needs the logits of a head.')
    _check_class_count(loss.level, levels, f'{field}.level')
    # of a loss that was made for some classes, such as by statistics
    count, found = getattr(loss, 'num_classes',
                           None), levels.channels(loss.level)
    if count not in (None, found):
        raise ValueError(
            f'{field} ({type(loss).__name__}) is made for {count} classes, '
            f'but the level {loss.level!r} predicts {found}.')
    return loss


def _check_class_count(level: str, levels: SegmentorLevels,
                       field: str) -> None:
    """Raise unless a head has the classes of the segmentor, two at least."""
    if not levels.is_logits(level):
        return
    count, expected = levels.head(level).num_classes, levels.num_classes
    if count < 2 or count != expected:
        raise ValueError(
            f'{field} is {level!r}, a head with num_classes={count}: expected '
            f'at least two classes, and those of decode_head ({expected}).')
