import os.path as osp
from typing import Optional, Sequence, Union

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmengine.structures import PixelData
from mmseg.registry import TRANSFORMS

from ...utils.noise_process import NoiseLevel, add_noise, check_process
from ..samplers.seeded_index import hash_seed
from .valid_mask import PackBranchInputs

Level = Union[float, Sequence[float]]
META_KEYS = ('noise_sigma', 'noise_gamma', 'noise_process')


@TRANSFORMS.register_module()
class GaussianNoise(BaseTransform):
    """Add Gaussian noise to an image and keep the noise.

    For denoising pre-training (`Decoder Denoising Pretraining for Semantic
    Segmentation <https://arxiv.org/abs/2205.11423>`_), or as a plain
    augmentation with ``record=False``. The level is drawn anew for every
    image. The result is float32, neither clipped nor rounded: either would
    destroy the target. Put it behind every geometric and photometric
    transform. The clean image is not kept: it follows from image, noise and
    level (:func:`mmseg_ext.utils.noise_process.remove_noise`).

    Required keys: ``img``. Modified keys: ``img`` (np.float32). Added keys
    with ``record``: ``gt_noise`` (np.float32, (H, W, C), standard normal, in
    the channel order of the image), ``noise_sigma``, ``noise_gamma``,
    ``noise_process``.

    Args:
        sigma (float or Sequence[float], optional): Standard deviation of the
            noise in noise space, ``(raw - mean) / std``, or the range in which
            it is uniform. Defaults to None, which is 0.22 where there is no
            ``gamma``.
        gamma (float, Sequence[float] or str, optional): Instead of ``sigma``
            the share of the signal in the variance, its range, or a schedule:
            see :class:`mmseg_ext.utils.noise_process.NoiseLevel`. Defaults to
            None.
        process (str): ``'scaled'`` divides the noisy image by
            :math:`\\sqrt{1 + \\sigma^2}` in noise space, ``'simple'`` does
            not. Defaults to 'scaled'.
        mean (float): Zero of noise space in grey levels. Defaults to 127.5.
        std (float): Unit of noise space in grey levels. Defaults to 127.5.
        prob (float): Probability to add noise. Defaults to 1.
        record (bool): Whether to keep the noise. Defaults to True.
        seed (int, optional): Makes the noise a function of seed and name of
            the image file, for validation. Defaults to None.

    Raises:
        ValueError: If an argument is out of its range, if noise that may not
            be added is to be kept, or if the image has noise already.
    """

    def __init__(self,
                 sigma: Optional[Level] = None,
                 gamma: Union[Level, str, None] = None,
                 process: str = 'scaled',
                 mean: float = 127.5,
                 std: float = 127.5,
                 prob: float = 1.,
                 record: bool = True,
                 seed: Optional[int] = None) -> None:
        if sigma is None and gamma is None:
            sigma = 0.22
        self.level = NoiseLevel(sigma, gamma, 'GaussianNoise')
        check_process(process, 'GaussianNoise')
        if std <= 0:
            raise ValueError(f'GaussianNoise.std must be > 0 but is {std}.')
        if not 0 <= prob <= 1 or (record and prob < 1):
            raise ValueError(
                'GaussianNoise.prob must be in [0, 1], and 1 if record=True, '
                f'but is {prob}.')
        self.process = process
        self.mean = mean
        self.std = std
        self.prob = prob
        self.record = record
        self.seed = seed

    def transform(self, results: dict) -> dict:
        """Add the noise.

        Args:
            results (dict): Results with ``img``.

        Returns:
            dict: The same with the noisy image.
        """
        if 'gt_noise' in results:
            raise ValueError(
                'GaussianNoise finds an image that has noise already '
                f'({results.get("img_path")}): name it once in the pipeline.')
        rng = self._generator(results)
        if self.prob < 1 and rng.random() >= self.prob:
            return results
        sigma = float(self.level.at(rng.random()))
        noise = rng.standard_normal(results['img'].shape, dtype=np.float32)
        clean = (results['img'].astype(np.float32) - self.mean) / self.std
        noisy = add_noise(clean, noise, sigma, self.process)
        noisy = noisy * self.std + self.mean
        results['img'] = noisy.astype(np.float32, copy=False)
        if self.record:
            results.update(
                gt_noise=noise,
                noise_sigma=sigma,
                noise_gamma=1 / (1 + sigma**2),
                noise_process=self.process)
        return results

    def _generator(self, results: dict) -> np.random.Generator:
        if self.seed is None:
            seed = np.random.randint(2**31)
        else:
            name = osp.basename(results.get('img_path', ''))
            seed = hash_seed(self.seed, 'noise', name)
        # standard_normal in float32 takes a fraction of np.random.randn
        return np.random.Generator(np.random.SFC64(seed))


@TRANSFORMS.register_module()
class PackDenoisingInputs(PackBranchInputs):
    """Pack a noisy image together with the noise that was added.

    The data sample gets ``gt_noise``, a PixelData of float32 (C, H, W) in the
    channel order of the image file, and the level of the noise as meta
    information. Arguments as of ``PackSegInputs``.

    Raises:
        ValueError: If there is no noise, or a transform between changed the
            size of the image.
    """

    def __init__(self, **kwargs) -> None:
        super().__init__(**kwargs)
        self.meta_keys = (*self.meta_keys, *META_KEYS)

    def transform(self, results: dict) -> dict:
        """Pack the results.

        Args:
            results (dict): Results of the pipeline.

        Returns:
            dict: ``inputs`` (Tensor) and ``data_samples`` (SegDataSample).
        """
        noise = results.get('gt_noise')
        if noise is None:
            raise ValueError('PackDenoisingInputs finds no noise: put '
                             "dict(type='GaussianNoise') ahead of it.")
        if noise.shape != results['img'].shape:
            raise ValueError(
                f'The noise of shape {noise.shape} does not fit the image of '
                f'shape {results["img"].shape} ({results.get("img_path")}): '
                'put GaussianNoise last, behind all geometric transforms.')
        packed = super().transform(results)
        packed['data_samples'].gt_noise = PixelData(
            data=torch.from_numpy(noise.transpose(2, 0, 1).copy()))
        return packed
