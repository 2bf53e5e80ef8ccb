"""Translation of images between two domains without pairs.

Shape shorthand: source images (N, 3, H, W) and target images (N, 3, H', W'),
as the generators are fed them, in [-1, 1].
"""
from typing import Callable, Dict, List, Optional, Union

import torch
import torch.nn.functional as F
from mmengine.model import BaseModel
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.utils import (ConfigType, OptConfigType, OptMultiConfig,
                         OptSampleList, SampleList)
from torch import Tensor, nn

from ..data_preprocessors import knows_branches
from ..losses.adversarial_loss import BaseAdversarialLoss
from ..utils.frozen import forward_frozen
from ..utils.frozen_segmentor import FrozenSegmentor
from ..utils.image_pool import ImagePool
from ..utils.image_space import to_loaded
from ..utils.logits import full_precision, without_autocast
from ..utils.options import check_branches, check_option, check_unpadded

# What each generator reads and makes.
DIRECTIONS = dict(
    source2target=('source', 'target'), target2source=('target', 'source'))


@MODELS.register_module()
class CycleGAN(BaseModel):
    """Two generators that translate between domains, and a critic of each.

    A generator shall make images that the discriminator of the domain takes
    for real ones, that the other generator can turn back (cycle loss), and
    leave images of its own target domain as they are (identity loss). With
    ``perceptual`` a segmentor shall see the same in an image before and after:
    the backward direction of `Bidirectional Learning for Domain Adaptation of
    Semantic Segmentation <https://arxiv.org/abs/1904.10620>`_. Without, it is
    `Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial
    Networks <https://arxiv.org/abs/1703.10593>`_, section 3.

    Discriminators are constants in the generators' losses and see detached
    images in their own, so one backward pass of the sum equals the authors'
    alternation, in which the discriminators' losses read what was made ahead
    of the generators' step.

    A batch to train on has the branches ``source`` and ``target``, images of
    one size within a branch and without padding. An ordinary batch is
    translated: samples get ``translated``, a PixelData of uint8 BGR
    (3, H, W), and, where there is a ``judge``, its predictions on what was
    made, so that the stock ``IoUMetric`` measures how much of the labels a
    translation keeps.

    Args:
        generator (dict): Config of a generator, of which two are built.
        discriminator (dict): Config of a discriminator, likewise.
        gan_loss (dict): Config of a :class:`BaseAdversarialLoss`. Defaults to
            least squares.
        perceptual (dict, optional): Config of a :class:`PerceptualLoss`.
            Defaults to None.
        judge (dict, optional): ``segmentor`` and ``checkpoint`` of a trained
            segmentor that predicts on translated images. Defaults to None.
        adversarial_loss_weight (float): Defaults to 1.0.
        cycle_loss_weight (float): Defaults to 10.0.
        identity_loss_weight (float): Defaults to 5.0, half of the former; 0
            saves two generator passes.
        pool_size (int): Former fakes of each domain that its discriminator
            is shown, see :class:`ImagePool`. Defaults to 50.
        direction (str): ``'source2target'`` or ``'target2source'``, how an
            ordinary batch is translated. Defaults to 'source2target'.
        data_preprocessor (dict, optional): Config of the preprocessor, whose
            images must be in [-1, 1]. The runner takes one at the top of a
            config, such as that of a segmentor, where this is None. Defaults
            to None: RGB, with mean and standard deviation 127.5.
        pretrained (str, optional): Not used; the stock benchmark tool sets
            it. Defaults to None.
        train_cfg (dict, optional): Likewise. Defaults to None.
        init_cfg (dict or list[dict], optional): Initialisation of the whole.
            Defaults to None.

    Raises:
        ValueError: If an option has none of its values, the preprocessor
            makes images of another range, or a batch does not fit.
    """

    stage_names = ()

    def __init__(
        self,
        generator: ConfigType,
        discriminator: ConfigType,
        gan_loss: ConfigType = dict(type='LeastSquaresAdversarialLoss'),
        perceptual: OptConfigType = None,
        judge: OptConfigType = None,
        adversarial_loss_weight: float = 1.0,
        cycle_loss_weight: float = 10.0,
        identity_loss_weight: float = 5.0,
        pool_size: int = 50,
        direction: str = 'source2target',
        data_preprocessor: OptConfigType = None,
        pretrained: Optional[str] = None,
        train_cfg: OptConfigType = None,
        init_cfg: OptMultiConfig = None,
    ) -> None:
        preprocessor = data_preprocessor or dict(
            type='SegDataPreProcessor',
            mean=[127.5] * 3,
            std=[127.5] * 3,
            bgr_to_rgb=True,
            size_divisor=1)
        if not knows_branches(preprocessor):
            preprocessor = dict(
                type='BranchDataPreprocessor', data_preprocessor=preprocessor)
        _check_range(preprocessor['data_preprocessor'])
        super().__init__(data_preprocessor=preprocessor, init_cfg=init_cfg)
        check_option('direction', direction, list(DIRECTIONS))
        self.direction = direction
        self.generators = nn.ModuleDict(
            {name: MODELS.build(generator)
             for name in DIRECTIONS})
        self.discriminators = nn.ModuleDict({
            domain: MODELS.build(discriminator)
            for domain in ('source', 'target')
        })
        self.gan_loss: BaseAdversarialLoss = MODELS.build(gan_loss)
        self.pools = nn.ModuleDict(
            {domain: ImagePool(pool_size)
             for domain in ('source', 'target')})
        self.perceptual = None
        if perceptual is not None:
            self.perceptual = MODELS.build(
                dict(type='PerceptualLoss') | dict(perceptual))
        self.judge = None
        if judge is not None:
            self.judge = FrozenSegmentor(judge['segmentor'],
                                         judge.get('checkpoint'),
                                         'model.judge')
        self.adversarial_loss_weight = adversarial_loss_weight
        self.cycle_loss_weight = cycle_loss_weight
        self.identity_loss_weight = identity_loss_weight
        self.capture_translations = False
        self.captured_translations: Optional[Dict[str, dict]] = None

    def forward(self,
                inputs: Union[Tensor, Dict[str, Tensor]],
                data_samples: OptSampleList = None,
                mode: str = 'tensor'):
        """Run in one of the modes of ``BaseModel``.

        Args:
            inputs (Tensor or dict[str, Tensor]): Preprocessed images; by
                branch for ``mode='loss'``.
            data_samples (list or dict[str, list], optional): Their samples.
            mode (str): ``'loss'``, ``'predict'`` or ``'tensor'``. Defaults to
                'tensor'.

        Returns:
            dict, list or Tensor: Losses, samples, or translated images.
        """
        if mode == 'loss':
            return self.loss(inputs, data_samples)
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        return self.translate(inputs)

    # -- training ---------------------------------------------------------

    def loss(self, inputs: Dict[str, Tensor],
             data_samples: Dict[str, SampleList]) -> Dict[str, Tensor]:
        """Losses of one batch.

        Args:
            inputs (dict[str, Tensor]): ``source`` and ``target``.
            data_samples (dict[str, list[SegDataSample]]): Likewise.

        Returns:
            dict[str, Tensor]: Under ``<domain>.``: losses of the images of
            the domain that a generator gave or got, and of its discriminator.
        """
        check_branches(type(self).__name__, inputs, ('source', 'target'))
        check_unpadded(type(self).__name__, data_samples)
        made = self._make(inputs)
        losses = self._generator_losses(inputs, made)
        # in this order, on which the random numbers of the pools depend
        for domain in ('target', 'source'):
            losses.update(
                self._discriminator_losses(domain, inputs[domain],
                                           made['fake'][domain]))
        self.captured_translations = None
        if self.capture_translations:
            self.captured_translations = dict(real=inputs, **made)
        return losses

    def _make(self, real: Dict[str, Tensor]) -> Dict[str, Dict[str, Tensor]]:
        """All that the generators make of a batch, by the domain it is in."""
        made: Dict[str, Dict[str, Tensor]] = dict(
            fake={}, cycle={}, identity={})
        for name, (origin, domain) in DIRECTIONS.items():
            made['fake'][domain] = self.generators[name](real[origin])
        for name, (origin, domain) in DIRECTIONS.items():
            generator = self.generators[name]
            made['cycle'][domain] = generator(made['fake'][origin])
            if self.identity_loss_weight:
                made['identity'][domain] = generator(real[domain])
        return made

    def _generator_losses(
            self, real: Dict[str, Tensor],
            made: Dict[str, Dict[str, Tensor]]) -> Dict[str, Tensor]:
        losses = {}
        for domain, images in real.items():
            if domain not in self.discriminators:
                continue
            scores = forward_frozen(self.discriminators[domain],
                                    made['fake'][domain])
            with without_autocast(images):
                losses[f'{domain}.loss_adversarial'] = (
                    self.adversarial_loss_weight *
                    self.gan_loss.cost(full_precision(scores), True).mean())
                losses[f'{domain}.loss_cycle'] = (
                    self.cycle_loss_weight *
                    F.l1_loss(full_precision(made['cycle'][domain]), images))
                if self.identity_loss_weight:
                    losses[f'{domain}.loss_identity'] = (
                        self.identity_loss_weight * F.l1_loss(
                            full_precision(made['identity'][domain]), images))
        if self.perceptual is not None:
            losses.update(self._perceptual_losses(real, made))
        return losses

    def _perceptual_losses(
            self, real: Dict[str, Tensor],
            made: Dict[str, Dict[str, Tensor]]) -> Dict[str, Tensor]:
        losses = {}
        for origin, domain in DIRECTIONS.values():
            terms = self.perceptual(*(to_loaded(images, self.data_preprocessor)
                                      for images in (real[origin],
                                                     made['fake'][domain],
                                                     made['cycle'][origin])))
            losses.update({f'{origin}.{key}': v for key, v in terms.items()})
        return losses

    def _discriminator_losses(self, domain: str, real: Tensor,
                              fake: Tensor) -> Dict[str, Tensor]:
        discriminator = self.discriminators[domain]
        scores = discriminator(real)
        fake_scores = discriminator(self.pools[domain].query(fake))
        with without_autocast(real):
            scores, fake_scores = full_precision(scores), full_precision(
                fake_scores)
            loss = 0.5 * (
                self.gan_loss.cost(scores, True).mean() +
                self.gan_loss.cost(fake_scores, False).mean())
        boundary = self.gan_loss.boundary
        accuracy = 0.5 * ((scores >= boundary).float().mean() +
                          (fake_scores < boundary).float().mean())
        return {
            f'{domain}.loss_discriminator': loss,
            f'{domain}.accuracy': accuracy
        }

    def bare_passes(
        self, inputs: Dict[str, Tensor], data_samples: Dict[str, SampleList]
    ) -> Dict[str, Callable[[], Optional[Tensor]]]:
        """See :meth:`BaseAlgorithm.bare_passes`."""

        def generators():
            made = self._make(inputs)
            return sum(self._generator_losses(inputs, made).values())

        with torch.no_grad():
            fakes = self._make(inputs)['fake']
        passes = dict(generators=generators)
        for domain, discriminator in self.discriminators.items():
            passes[f'{domain}_discriminator'] = (
                lambda d=discriminator, real=inputs[domain], fake=fakes[
                    domain]: d(real).mean() + d(fake).mean())
        return passes

    # -- translation ------------------------------------------------------

    def translate(self,
                  images: Tensor,
                  direction: Optional[str] = None) -> Tensor:
        """Translate images of any size.

        Args:
            images (Tensor): In [-1, 1], (N, 3, H, W). They are extended by
                reflection where the generator needs other sizes.
            direction (str, optional): Defaults to None, :attr:`direction`.

        Returns:
            Tensor: In [-1, 1], of the same shape.
        """
        generator = self.generators[direction or self.direction]
        height, width = images.shape[2:]
        stride = getattr(generator, 'stride', 1)
        padding = (0, -width % stride, 0, -height % stride)
        if any(padding):
            images = F.pad(images, padding, mode='reflect')
        return generator(images)[:, :, :height, :width]

    def translate_to_bytes(self,
                           images: Tensor,
                           direction: Optional[str] = None) -> Tensor:
        """Translate, as :meth:`translate`, to uint8 BGR images."""
        images = self.translate(images, direction)
        images = to_loaded(images.float(), self.data_preprocessor)
        return images.round().clamp(0, 255).byte()

    @torch.no_grad()
    def predict(self,
                inputs: Tensor,
                data_samples: OptSampleList = None) -> List:
        """Translate an ordinary batch, and have the judge predict on it.

        Args:
            inputs (Tensor): Preprocessed images, (N, 3, H, W).
            data_samples (list[SegDataSample], optional): Their samples.

        Returns:
            list[SegDataSample]: With ``translated`` and, with a judge,
            ``pred_sem_seg`` and ``seg_logits``.
        """
        images = self.translate_to_bytes(inputs)
        if self.judge is not None:
            # it reads what a file of the translation would hold
            data_samples = self.judge.predict(images.float(), data_samples)
        for sample, image in zip(data_samples, images):
            sample.translated = PixelData(data=image)
        return data_samples


def _check_range(preprocessor: ConfigType) -> None:
    """Refuse images that generators, which end in a tanh, cannot make."""
    found = [preprocessor.get(key) for key in ('mean', 'std')]
    if any(values is None or set(values) != {127.5} for values in found):
        raise ValueError(
            'CycleGAN needs images in [-1, 1], but the data_preprocessor has '
            f'the mean {found[0]} and the std {found[1]}: set mean and std of '
            'model.data_preprocessor to [127.5, 127.5, 127.5].')
