"""Pre-training of a whole segmentor by the prediction of noise.

Shape shorthand: N images (N, 3, H, W); ``sigma`` (N, 1, 1, 1). Maps of noise
and clean images are in noise space, raw values in [-1, 1].
"""
from collections import OrderedDict
from contextlib import nullcontext
from typing import Callable, Dict, List, Optional, Sequence, Tuple

import torch.nn.functional as F
from mmengine.structures import PixelData
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from mmseg.utils import ConfigType, OptConfigType, OptSampleList, SampleList
from torch import Tensor, nn

from ...utils.noise_process import find_noise, remove_noise
from ..utils.denoising_head import (IMAGE_CHANNELS, check_frozen_backbone,
                                    check_projects, find_output_stride,
                                    forward_heads, head_name, projection_keys,
                                    set_out_channels, split_maps)
from ..utils.logits import without_autocast
from ..utils.masks import stack_valid_masks
from ..utils.noise_conditioning import NoiseConditioning
from ..utils.noise_sampler import NoiseSampler
from ..utils.noisy_batch import (NoisyBatch, draw_noise, noise_space,
                                 recorded_noise, swap_channels)
from ..utils.options import check_option
from .base import BaseAlgorithm


@MODELS.register_module()
class DenoisingPretraining(BaseAlgorithm):
    """Denoising pre-training of a segmentor on images without labels.

    `Decoder Denoising Pretraining for Semantic Segmentation
    <https://arxiv.org/abs/2205.11423>`_: Gaussian noise is added to an image,
    and the segmentor, whose classifier is replaced by a projection to the
    channels of the image, predicts that noise. With ``frozen=()`` encoder and
    decoder are trained from random weights (DeP); with the default the encoder
    keeps weights from supervision, given by ``init_cfg`` or ``load_from``, and
    the decoder alone is trained (DDeP). :class:`ExportPretrainedHook` writes
    a checkpoint without the projection for the stock config of the segmentor.

    Batches have the branch ``unlabeled``. The noise is drawn here, on the
    device, or by :class:`GaussianNoise` in the pipeline. Auxiliary heads are
    left out. ``predict`` takes images that are noisy already.

    Modes: under ``train()`` frozen modules stay in eval mode. They need no
    gradient in any mode.

    Args:
        segmentor (dict): Config of any segmentor whose decode head gives a
            dense map.
        frozen (Sequence[str]): Paths of the modules of the segmentor that are
            not trained. Defaults to ('backbone', ).
        frozen_norm_eval (bool): False lets frozen modules follow ``train()``:
            their normalisation uses and updates by noisy images, and their
            dropout is on. Defaults to True.
        noise (dict, optional): Arguments of :class:`NoiseSampler`, e.g.
            ``dict(sigma=0.22, process='scaled')``. None if the pipeline has
            :class:`GaussianNoise`. Defaults to None.
        target (str): What is predicted, ``'noise'`` or the clean
            ``'image'``. Defaults to 'noise'.
        loss (dict): Config of the loss. Defaults to
            ``dict(type='DenoisingLoss')``.
        upsample (str): ``'pixel_shuffle'`` predicts every pixel under a value
            of a map of stride s by a projection to 3 s^2 channels;
            ``'bilinear'`` enlarges 3 channels, so that the loss (l2) cannot
            fall below 1 - 1 / s^2. Defaults to 'pixel_shuffle'.
        output_stride (int, optional): Stride of the decode head's map.
            Defaults to None, which finds it by a forward on zeros.
        condition (dict, optional): Arguments of :class:`NoiseConditioning`
            without ``decoder``; needs ``noise``, whose mean level is folded
            on export. Defaults to None, not conditioned.
        **kwargs: As of :class:`BaseAlgorithm`.

    Raises:
        ValueError: If an option has none of its values, ``condition`` is
            without ``noise``, the segmentor has no module of a frozen path,
            its frozen backbone gives other maps in eval mode, or its decode
            head gives no dense map.
    """

    def __init__(self,
                 segmentor: ConfigType,
                 frozen: Sequence[str] = ('backbone', ),
                 frozen_norm_eval: bool = True,
                 noise: OptConfigType = None,
                 target: str = 'noise',
                 loss: ConfigType = dict(type='DenoisingLoss'),
                 upsample: str = 'pixel_shuffle',
                 output_stride: Optional[int] = None,
                 condition: OptConfigType = None,
                 **kwargs) -> None:
        check_option('target', target, ('noise', 'image'))
        check_option('upsample', upsample, ('pixel_shuffle', 'bilinear'))
        if condition is not None and noise is None:
            raise ValueError('model.condition needs model.noise, whose mean '
                             'level is folded on export, but it is None.')
        self.head_cfg = None
        if isinstance(segmentor, dict) and 'decode_head' in segmentor:
            self.head_cfg = segmentor['decode_head']
            check_projects(self.head_cfg)
            segmentor = {
                **segmentor, 'auxiliary_head': None,
                'decode_head': set_out_channels(self.head_cfg, IMAGE_CHANNELS)
            }
        super().__init__(segmentor, **kwargs)
        self.target = target
        self.upsample = upsample
        self.output_stride = 1
        if upsample == 'pixel_shuffle':
            self._init_projection(output_stride)
        self.frozen = (frozen, ) if isinstance(frozen, str) else tuple(frozen)
        self.frozen_norm_eval = frozen_norm_eval
        for module in self.frozen_modules():
            module.requires_grad_(False)
        if frozen_norm_eval and 'backbone' in self.frozen:
            check_frozen_backbone(self.segmentor)
        self.noise_sampler = None if noise is None else NoiseSampler(**noise)
        self.loss_denoising = MODELS.build(loss)
        self.noise_conditioning = None
        if condition is not None:
            self.noise_conditioning = NoiseConditioning(
                self.segmentor.decode_head, **condition)
        self.capture_denoising = False
        self.captured_denoising: Optional[Dict[str, Tensor]] = None

    def _init_projection(self, stride: Optional[int]) -> None:
        name = head_name(self.head_cfg)
        if stride is None:
            stride = find_output_stride(self.segmentor, name)
        if not isinstance(stride, int) or stride < 1:
            raise ValueError('model.output_stride must be a whole number >= 1 '
                             f'but is {stride!r}.')
        self.output_stride = stride
        if stride > 1:
            head = set_out_channels(self.head_cfg, self.projected_channels)
            self.segmentor_cfg['decode_head'] = head
            self.segmentor._init_decode_head(head)

    @property
    def projected_channels(self) -> int:
        """int: channels of the map that the decode head gives."""
        return IMAGE_CHANNELS * self.output_stride**2

    # -- modes ------------------------------------------------------------

    def frozen_modules(self) -> List[nn.Module]:
        """The modules that are not trained."""
        modules = []
        for path in self.frozen:
            try:
                modules.append(self.segmentor.get_submodule(path))
            except AttributeError as error:
                names = [name for name, _ in self.segmentor.named_children()]
                raise ValueError(
                    f'model.frozen names {path!r}, which the segmentor does '
                    f'not have: its parts are {names}.') from error
        return modules

    def train(self, mode: bool = True) -> 'DenoisingPretraining':
        """Set the mode; frozen modules stay in eval mode."""
        super().train(mode)
        if self.frozen_norm_eval:
            for module in self.frozen_modules():
                module.eval()
        return self

    # -- training ---------------------------------------------------------

    def loss(self, inputs: Dict[str, Tensor],
             data_samples: Dict[str, SampleList]) -> Dict[str, Tensor]:
        """Losses of one batch.

        Args:
            inputs (dict[str, Tensor]): Images of the branch ``unlabeled``.
            data_samples (dict[str, list[SegDataSample]]): Likewise.

        Returns:
            dict[str, Tensor]: ``loss_denoising``, and the figures
            ``mse_noise`` and ``gain`` in dB.
        """
        self.check_batch(inputs, ('unlabeled', ))
        images, samples = inputs['unlabeled'], data_samples['unlabeled']
        batch = self.make_noisy(images, samples)
        valid = stack_valid_masks(samples)[:, None]
        preds, rest = self.denoise(batch.inputs, batch.sigma)
        with without_autocast(images):
            target = batch.noise
            if self.target == 'image':
                target = remove_noise(*batch[1:])
            losses = [
                self.loss_denoising(pred, target, valid, batch.sigma)
                for pred in preds
            ]
            loss = sum(losses) / len(losses)
            # every output takes part, so that no parameter is left out
            loss = loss + sum(0 * tensor.float().sum() for tensor in rest)
            pred_noise = self.to_noise(preds[-1].detach().float(), batch)
            error = (pred_noise - batch.noise).mul_(valid).square_()
            mse = error.sum() / (valid.sum().clamp(min=1) * IMAGE_CHANNELS)
        if self.capture_denoising:
            self.captured_denoising = dict(
                clean=remove_noise(*batch[1:]),
                noisy=batch.noisy,
                pred=remove_noise(*batch._replace(noise=pred_noise)[1:]),
                noise=batch.noise,
                pred_noise=pred_noise)
        return {
            self.loss_denoising.loss_name: loss,
            'mse_noise': mse,
            'gain': -10 * mse.clamp(min=1e-12).log10()
        }

    def make_noisy(self, images: Tensor, samples: SampleList) -> NoisyBatch:
        """Add noise to preprocessed images, or find what the pipeline added.

        Args:
            images (Tensor): Preprocessed images, (N, 3, H, W).
            samples (list[SegDataSample]): Their samples.

        Returns:
            NoisyBatch: Images and noise.
        """
        recorded = ['gt_noise' in sample for sample in samples]
        if all(recorded) == (self.noise_sampler is not None):
            raise ValueError(
                'Noise must be added once: set either model.noise, e.g. '
                "dict(sigma=0.22), or dict(type='GaussianNoise') with "
                "dict(type='PackDenoisingInputs') in the pipeline, but "
                f'{"both are" if all(recorded) else "neither is"} set.')
        with without_autocast(images):
            images = images.float()
            if self.noise_sampler is None:
                return recorded_noise(self.data_preprocessor, images, samples)
            return draw_noise(self.data_preprocessor, images,
                              self.noise_sampler)

    def denoise(self, images: Tensor,
                sigma: Tensor) -> Tuple[List[Tensor], List[Tensor]]:
        """Predict at the size of the images.

        Args:
            images (Tensor): Noisy images, (N, 3, H, W).
            sigma (Tensor): Levels of the noise.

        Returns:
            tuple[list[Tensor], list[Tensor]]: Predictions (N, 3, H, W), the
            main one last, and whatever else the head returns.
        """
        scope = nullcontext()
        if self.noise_conditioning is not None:
            scope = self.noise_conditioning.condition(sigma)
        with scope:
            outputs = forward_heads(self.segmentor, images)
        maps, rest = split_maps(outputs, self.projected_channels)
        if not maps:
            raise ValueError(
                f'The decode head {head_name(self.head_cfg)} gives no map of '
                f'{self.projected_channels} channels: use a head that '
                'classifies pixels.')
        if not isinstance(self.segmentor.decode_head, nn.ModuleList):
            maps = maps[::-1]  # the main output of a tuple is its first
        size = images.shape[2:]
        return [self._to_image(values, size) for values in maps], rest

    def _to_image(self, values: Tensor, size: Sequence[int]) -> Tensor:
        if self.upsample == 'bilinear':
            return resize(
                values,
                size=size,
                mode='bilinear',
                align_corners=self.align_corners)
        values = F.pixel_shuffle(values, self.output_stride)
        if values.shape[2] < size[0] or values.shape[3] < size[1]:
            raise ValueError(
                f'The map of the decode head covers {tuple(values.shape[2:])} '
                f'pixels of an image of {tuple(size)} at model.output_stride='
                f'{self.output_stride}: pad images to a multiple of it '
                '(data_preprocessor.size_divisor).')
        return values[..., :size[0], :size[1]]

    def to_noise(self, pred: Tensor, batch: NoisyBatch) -> Tensor:
        """The noise that a prediction of either target amounts to."""
        if self.target == 'noise':
            return pred
        return find_noise(batch.noisy, pred, batch.sigma, batch.process)

    def bare_passes(
        self, inputs: Dict[str, Tensor], data_samples: Dict[str, SampleList]
    ) -> Dict[str, Callable[[], Optional[Tensor]]]:
        """See :meth:`BaseAlgorithm.bare_passes`."""
        samples = data_samples['unlabeled']
        batch = self.make_noisy(inputs['unlabeled'], samples)
        valid = stack_valid_masks(samples)[:, None]

        def denoise():
            preds, _ = self.denoise(batch.inputs, batch.sigma)
            return sum(
                self.loss_denoising(pred, batch.noise, valid, batch.sigma)
                for pred in preds)

        return dict(segmentor=denoise)

    # -- inference --------------------------------------------------------

    def predict(self,
                inputs: Tensor,
                data_samples: OptSampleList = None) -> SampleList:
        """Predict the noise of images that are noisy already.

        Args:
            inputs (Tensor): Noisy images, preprocessed, (N, 3, H, W).
            data_samples (list[SegDataSample], optional): Their samples.
                Defaults to None.

        Returns:
            list[SegDataSample]: Each with ``pred_noise`` and, where the level
            of the noise is recorded, ``pred_image``, in noise space and the
            channel order of the image file, (3, h, w).
        """
        if data_samples is None:
            data_samples = [SegDataSample() for _ in inputs]
        known = all('noise_sigma' in sample for sample in data_samples)
        if not known and self.target == 'image':
            raise ValueError(
                "model.target='image' predicts noise only where its level is "
                "known: end the pipeline with dict(type='GaussianNoise') and "
                "dict(type='PackDenoisingInputs').")
        scale, shift = noise_space(self.data_preprocessor, inputs)
        sigma = inputs.new_tensor([
            sample.get('noise_sigma', self.mean_sigma)
            for sample in data_samples
        ]).view(-1, 1, 1, 1)
        process = data_samples[0].get('noise_process', 'scaled')
        batch = NoisyBatch(inputs, inputs * scale + shift, None, sigma,
                           process)
        pred = self.denoise(inputs, sigma)[0][-1].float()
        noise = self.to_noise(pred, batch)
        clean = remove_noise(batch.noisy, noise, sigma, process)
        for i, sample in enumerate(data_samples):
            height, width = sample.get('img_shape', inputs.shape[2:])[:2]
            for name, maps in (('pred_noise', noise), ('pred_image', clean)):
                if name == 'pred_noise' or known:
                    maps = swap_channels(self.data_preprocessor,
                                         maps[i, :, :height, :width])
                    sample.set_field(PixelData(data=maps), name)
        return data_samples

    # -- export -----------------------------------------------------------

    @property
    def mean_sigma(self) -> float:
        """float: mean level of the noise, 0.22 if the pipeline draws it."""
        if self.noise_sampler is None:
            return 0.22
        return self.noise_sampler.mean_sigma

    def pretrained_state_dict(self) -> Tuple[Dict[str, Tensor], List[str]]:
        """What a pre-training leaves for the plain segmentor.

        Returns:
            tuple[dict[str, Tensor], list[str]]: Its weights without the
            projection, and the names of those that are left out.
        """
        state_dict = OrderedDict(self.segmentor.state_dict())
        if self.noise_conditioning is not None:
            self.noise_conditioning.fold(state_dict, 'decode_head.',
                                         self.mean_sigma)
        dropped = projection_keys(self.head_cfg)
        for key in dropped:
            state_dict.pop(key, None)
        return state_dict, dropped
