import math
from collections import OrderedDict
from typing import Dict, List, Optional, Sequence

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmseg.registry import METRICS


@METRICS.register_module()
class DenoisingMetric(BaseMetric):
    """How much noise a pre-trained network takes out of unseen images.

    Reads ``gt_noise`` and ``pred_noise`` of the samples: end the pipeline of
    the validation with ``dict(type='GaussianNoise', seed=0)`` and
    ``dict(type='PackDenoisingInputs')``.

    - ``mse_noise``: mean squared error of the noise; 1 for a prediction of
      zero.
    - ``psnr``: peak signal-to-noise ratio of the denoised images in dB, the
      range of values being 2.
    - ``psnr_noisy``: the same of the noisy images.
    - ``gain``: their difference.

    Args:
        collect_device (str): ``'cpu'`` or ``'gpu'``. Defaults to 'cpu'.
        prefix (str, optional): Prefix of the figures' names. Defaults to
            None.
    """

    def __init__(self,
                 collect_device: str = 'cpu',
                 prefix: Optional[str] = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Sum up a batch.

        Args:
            data_batch (dict): Not used.
            data_samples (Sequence[dict]): Predictions.

        Raises:
            ValueError: If a sample lacks the noise or its prediction.
        """
        for sample in data_samples:
            lacking = {'gt_noise', 'pred_noise'} - set(sample)
            if lacking:
                raise ValueError(
                    f'DenoisingMetric finds no {sorted(lacking)[0]} in a '
                    'sample: end the pipeline of val_dataloader with '
                    "dict(type='GaussianNoise', seed=0) and "
                    "dict(type='PackDenoisingInputs').")
            noise = sample['gt_noise']['data']
            error = sample['pred_noise']['data'].to(noise) - noise
            self.results.append((error.double().square().sum().item(),
                                 error.numel(), sample['noise_sigma']))

    def compute_metrics(self, results: List[tuple]) -> Dict[str, float]:
        """Figures of all images.

        Args:
            results (list[tuple]): Squared error, number of values and level
                of the noise of an image.

        Returns:
            dict[str, float]: See the class.
        """
        errors, counts, sigmas = (np.array(x) for x in zip(*results))
        total = counts.sum()
        psnr = _psnr((errors * sigmas**2).sum() / total)
        noisy = _psnr((counts * sigmas**2).sum() / total)
        metrics = OrderedDict(
            mse_noise=round(float(errors.sum() / total), 5),
            psnr=round(psnr, 3),
            psnr_noisy=round(noisy, 3),
            gain=round(psnr - noisy, 3))
        print_log(
            'denoising: ' + ', '.join(f'{name} {value}'
                                      for name, value in metrics.items()),
            logger='current')
        return metrics


def _psnr(error: float) -> float:
    return 10 * math.log10(4 / max(error, 1e-12))
