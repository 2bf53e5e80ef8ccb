"""Adaptation of a segmentor from a labelled domain to one without labels.

Shape shorthand: source images (N, 3, H, W) with labels, target images
(M, 3, H', W') without; the sizes may differ.
"""
from typing import Callable, Dict, Optional, Sequence, Union

import torch
from mmseg.registry import MODELS
from mmseg.utils import ConfigType, SampleList, add_prefix
from torch import Tensor, nn

from ..adversaries.domain_maps import DomainMaps
from ..adversaries.level_readers import build_adversary, build_target_loss
from ..utils.heads import forward_decode_head, freeze_norm_parameters
from ..utils.masks import stack_labels
from ..utils.prediction_statistics import PredictionStatistics
from ..utils.random_streams import random_numbers_apart
from ..utils.segmentor_levels import SegmentorLevels
from .base import BaseAlgorithm

_BATCH_NORM = nn.modules.batchnorm._NormBase


@MODELS.register_module()
class DomainAdaptation(BaseAlgorithm):
    """Unsupervised domain adaptation by alignment and by target losses.

    The segmentor learns from the labels of the branch ``source``. On the
    branch ``target`` it plays against ``adversaries``, which tell the domains
    apart by its maps, and minimises ``target_losses``. Both domains are
    forwarded separately, so batch statistics are those of one domain, and
    there is one backward pass. Inference runs the segmentor alone.

    Published methods are configs of it: AdaptSegNet (arXiv 1802.10349) aligns
    ``'probability'``, AdvEnt (arXiv 1811.12833) ``'self_information'``;
    MinEnt of the same paper is a target loss; FCNs in the Wild (arXiv
    1612.02649) aligns ``'feature'`` by the ``'confusion'`` loss and adds size
    constraints on the target. BDL (arXiv 1904.10620) is the first of them
    with pseudo labels as a target loss, on a translated source. For the
    first three an iteration equals the authors' alternation, parameter by
    parameter; that of FCNs in the Wild steps the discriminator ahead of the
    segmentor and is not the same.

    One seed gives the segmentor the same first weights whatever it plays
    against, so the runs of several methods are paired.

    With a ``StageHook`` the stage ``source`` trains on the source alone and
    ``adapt`` does all; set ``find_unused_parameters = True`` then, since the
    discriminators get no gradient in the first. Without one all losses run
    from the first iteration.

    Args:
        segmentor (dict): Config of any segmentor of MMSegmentation.
        adversaries (Sequence[dict]): Configs of :class:`DomainAdversary`;
            ``type``, and ``in_channels`` of the discriminator where it can be
            known, are filled in. Defaults to ().
        target_losses (Sequence[dict]): Configs of losses on target logits.
            Such a loss has the attributes ``level``, ``loss_name`` and
            ``resize_to`` (``'input'`` or None), and is called with logits
            (M, C, h, w) and a mask (M, H', W') of the pixels that are not
            padding, and with ``reads_labels`` with the target's pseudo
            labels (M, H', W'). It may have ``num_classes``, which is
            checked, ``check_classes``, which is called in the first
            iteration of a stage ``source``, and ``figures``, scalars that
            are logged. Defaults to ().
        forward_target (bool, optional): Forward the target. True does so
            even if nothing reads it, which only moves the running statistics
            of the normalisation: the control of every comparison. None does
            so if something reads it. Defaults to None.
        freeze_norm (str or Sequence[str], optional): ``'affine'`` takes scale
            and shift of the normalisation layers out of training,
            ``'eval'`` has batch normalisation use its running statistics and
            keep them, except in the stage ``source``; or both. Defaults to
            None.
        **kwargs: As of :class:`BaseAlgorithm`.

    Raises:
        ValueError: If an option has none of its values, the segmentor has no
            such level, a level does not fit what reads it, or two parts have
            the same name.
    """

    stage_names = ('source', 'adapt')

    def __init__(self,
                 segmentor: ConfigType,
                 adversaries: Sequence[ConfigType] = (),
                 target_losses: Sequence[ConfigType] = (),
                 forward_target: Optional[bool] = None,
                 freeze_norm: Union[str, Sequence[str], None] = None,
                 **kwargs) -> None:
        super().__init__(segmentor, **kwargs)
        self.levels = SegmentorLevels(self.segmentor)
        # for the figures, whatever else is read
        if 'decode_head' in self.levels.available():
            self.levels.watch('decode_head')
        with random_numbers_apart():
            self.adversaries = nn.ModuleList(
                build_adversary(cfg, self.levels, f'model.adversaries[{i}]')
                for i, cfg in enumerate(adversaries or ()))
        self.target_losses = nn.ModuleList(
            build_target_loss(cfg, self.levels, f'model.target_losses[{i}]')
            for i, cfg in enumerate(target_losses or ()))
        readers = [*self.adversaries, *self.target_losses]
        self._target_levels = {reader.level for reader in readers}
        _check_unique('adversaries', [x.name for x in self.adversaries])
        _check_unique('target_losses',
                      [_loss_key(loss) for loss in self.target_losses])
        if forward_target is False and readers:
            raise ValueError(
                'model.forward_target is False, but adversaries and '
                'target_losses read the target: leave it None.')
        self.forward_target = bool(readers or forward_target)
        self._readers_checked = False

        freeze = (freeze_norm, ) if isinstance(freeze_norm,
                                               str) else (freeze_norm or ())
        if set(freeze) - {'affine', 'eval'}:
            raise ValueError("model.freeze_norm must be 'affine', 'eval', "
                             f'both or None but is {freeze_norm!r}.')
        self.eval_norm = 'eval' in freeze
        if 'affine' in freeze:
            freeze_norm_parameters(self.segmentor)

        classes = max(self.num_classes, 2)
        self.prediction_statistics = nn.ModuleDict({
            domain:
            PredictionStatistics(classes)
            for domain in ('source', 'target')
        })
        self.capture_domains = False
        self.captured_domains: Optional[Dict[str, dict]] = None

    # -- modes and stages -------------------------------------------------

    def train(self, mode: bool = True) -> 'DomainAdaptation':
        """Set the mode; ``freeze_norm='eval'`` keeps norm layers in eval."""
        super().train(mode)
        if mode and self.eval_norm and self.stage != 'source':
            for module in self.segmentor.modules():
                if isinstance(module, _BATCH_NORM):
                    module.eval()
        return self

    def set_stage(self, name: str) -> None:
        """See :meth:`BaseAlgorithm.set_stage`."""
        super().set_stage(name)
        self.train(self.training)

    # -- training ---------------------------------------------------------

    def loss(self, inputs: Dict[str, Tensor],
             data_samples: Dict[str, SampleList]) -> Dict[str, Tensor]:
        """Losses of one batch.

        Args:
            inputs (dict[str, Tensor]): ``source``, and ``target`` where the
                target takes part.
            data_samples (dict[str, list[SegDataSample]]): Likewise.

        Returns:
            dict[str, Tensor]: Losses and figures, under names that begin
            with ``source``, ``target`` and ``adversary``.
        """
        adapting = self.forward_target and self.stage != 'source'
        self.check_batch(inputs, ('source', 'target')[:1 + adapting])
        self.captured_domains = {} if self.capture_domains else None

        with self.levels.capture() as captured:
            losses = add_prefix(
                self.segmentor.loss(inputs['source'], data_samples['source']),
                'source')
        source = DomainMaps(self.levels, captured, inputs['source'],
                            data_samples['source'])
        losses.update(self._figures('source', source))
        target = None
        if adapting:
            target = self.target_maps(inputs['target'], data_samples['target'])
            losses.update(self._figures('target', target))
            for loss in self.target_losses:
                losses[_loss_key(loss)] = _compute(loss, target)
                losses.update(
                    add_prefix(
                        getattr(loss, 'figures', {}), f'target.{loss.level}'))
            for adversary in self.adversaries:
                terms = adversary(
                    source.read_for(adversary), target.read_for(adversary),
                    source.valid, target.valid)
                losses.update(add_prefix(terms, f'adversary.{adversary.name}'))
        elif not self._readers_checked:
            self._check_readers(source)
        if self.capture_domains:
            self._capture_more(inputs, data_samples, source, target)
        return losses

    def _check_readers(self, source: DomainMaps) -> None:
        """Have what the stage ``adapt`` would refuse refused ahead of it."""
        for loss in self.target_losses:
            if hasattr(loss, 'check_classes'):
                loss.check_classes(self.levels.channels(loss.level))
        for adversary in self.adversaries:
            adversary.target_probability(
                source.read_for(adversary), source.valid)
        self._readers_checked = True

    def target_maps(self, images: Tensor,
                    data_samples: SampleList) -> DomainMaps:
        """Forward the target, with a graph as far as something reads it.

        Args:
            images (Tensor): Target images, (M, 3, H', W').
            data_samples (list[SegDataSample]): Their samples.

        Returns:
            DomainMaps: The maps of all levels.
        """
        levels, grad = self._target_levels, torch.is_grad_enabled()
        decoded = any(level.startswith('decode_head') for level in levels)
        auxiliary = dict.fromkeys(
            self.levels.head(level) for level in self.levels.names
            if level.startswith('auxiliary_head'))
        with self.levels.capture() as captured:
            with torch.set_grad_enabled(grad and bool(levels)):
                feats = self.segmentor.extract_feat(images)
            with torch.set_grad_enabled(grad and decoded):
                forward_decode_head(self.segmentor, feats, data_samples)
            for head in auxiliary:
                head.forward(feats)
        return DomainMaps(self.levels, captured, images, data_samples)

    @torch.no_grad()
    def _figures(self, domain: str, maps: DomainMaps) -> Dict[str, Tensor]:
        """Mean entropy of the prediction; count and capture predictions."""
        if self.capture_domains:
            self.captured_domains[domain] = dict(
                image=maps.images, valid=maps.valid)
        if 'decode_head' not in maps:
            return {}
        prediction, entropy, valid = maps.predict()
        self.prediction_statistics[domain].update(prediction, valid)
        if self.capture_domains:
            self.captured_domains[domain].update(
                prediction=prediction, entropy=entropy)
        mean = (entropy * valid).sum() / valid.sum().clamp(min=1)
        return {f'{domain}.entropy': mean}

    @torch.no_grad()
    def _capture_more(self, inputs: Dict[str, Tensor],
                      data_samples: Dict[str, SampleList], source: DomainMaps,
                      target: Optional[DomainMaps]) -> None:
        captured = self.captured_domains
        captured['source']['label'] = stack_labels(data_samples['source'])
        if target is None:
            if 'target' in inputs:
                captured['target'] = dict(image=inputs['target'])
            return
        for domain, maps in (('source', source), ('target', target)):
            captured[domain]['scores'] = {
                x.name: x.target_probability(maps.read_for(x), maps.valid)
                for x in self.adversaries
            }

    def bare_passes(
        self, inputs: Dict[str, Tensor], data_samples: Dict[str, SampleList]
    ) -> Dict[str, Callable[[], Optional[Tensor]]]:
        """See :meth:`BaseAlgorithm.bare_passes`; those of stage ``adapt``."""
        images, samples = inputs['source'], data_samples['source']
        passes = dict(source_segmentor=lambda: self.parse_losses(
            self.segmentor.loss(images, samples))[0])
        if not self.forward_target:
            return passes
        with torch.no_grad():
            with self.levels.capture() as captured:
                self.segmentor.loss(images, samples)
            target = self.target_maps(inputs['target'], data_samples['target'])

        @torch.no_grad()
        def show_source(adversary):
            maps = DomainMaps(self.levels, captured, images, samples)
            return adversary.represent(maps.read_for(adversary),
                                       maps.valid), maps.valid

        sources = [show_source(adversary) for adversary in self.adversaries]

        def target_pass():
            maps = self.target_maps(inputs['target'], data_samples['target'])
            losses = [_compute(loss, maps) for loss in self.target_losses]
            for adversary, (source, valid) in zip(self.adversaries, sources):
                shown = adversary.represent(
                    maps.read_for(adversary), maps.valid)
                losses.append(
                    adversary.adversarial_loss(source, shown, valid,
                                               maps.valid))
            return sum(losses) if losses else None

        passes['target_segmentor'] = target_pass
        for adversary in self.adversaries:
            # what the target pass shows is at hand, the source is not
            with torch.no_grad():
                shown = adversary.represent(
                    target.read_for(adversary), target.valid)
            name = f'{adversary.name}_discriminator'
            passes[f'{name}_source'] = (
                lambda player=adversary: player.discriminator(
                    show_source(player)[0]).mean())
            passes[f'{name}_target'] = (lambda player=adversary, shown=shown:
                                        player.discriminator(shown).mean())
        return passes


def _compute(loss: nn.Module, target: DomainMaps) -> Tensor:
    if getattr(loss, 'reads_labels', False):
        return loss(target.read_for(loss), target.valid, target.labels)
    return loss(target.read_for(loss), target.valid)


def _loss_key(loss: nn.Module) -> str:
    return f'target.{loss.level}.{loss.loss_name}'


def _check_unique(field: str, names: Sequence[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(
            f'model.{field} has several parts with the name {twice[0]!r}: '
            'give each a name (`name`, or `loss_name` of a loss) of its own.')
