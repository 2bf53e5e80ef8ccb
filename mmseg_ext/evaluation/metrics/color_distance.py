from typing import Dict, List, Optional, Sequence

import mmcv
import mmengine.fileio as fileio
import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmseg.registry import DATASETS, METRICS
from mmseg.utils import ConfigType


@METRICS.register_module()
class ColorDistance(BaseMetric):
    """How far the colours of translated images are from those of a domain.

    Needs no network: it compares the grey value of each colour channel over
    all pixels of all images, by the Wasserstein-1 distance of the two
    distributions, averaged over the channels. It tells whether images have
    the other domain's light; whether they still show the same objects is told
    by a judge (see :class:`CycleGAN`) and the stock ``IoUMetric``.

    Figures:

    - ``color_distance``: of the translated images, in grey levels [0, 255].
    - ``untranslated_color_distance``: of the images as they were.
    - ``color_shift``: percent of the way that the translation has gone,
      ``100 * (1 - color_distance / untranslated_color_distance)``.

    Args:
        reference (dict): Config of a data set with images of the other
            domain; its pipeline is not used.
        collect_device (str): ``'cpu'`` or ``'gpu'``. Defaults to 'cpu'.
        prefix (str, optional): Prefix of the figures' names. Defaults to
            None.

    Raises:
        ValueError: If a sample has not been translated.
    """

    def __init__(self,
                 reference: ConfigType,
                 collect_device: str = 'cpu',
                 prefix: Optional[str] = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.reference = reference
        self._expected: Optional[np.ndarray] = None

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Count the colours of a batch.

        Args:
            data_batch (dict): ``inputs``, loaded images (3, H, W) uint8.
            data_samples (Sequence[dict]): With ``translated``.
        """
        for image, sample in zip(data_batch['inputs'], data_samples):
            if 'translated' not in sample:
                raise ValueError(
                    "ColorDistance needs 'translated' in every sample but "
                    f'found {sorted(sample)}: evaluate a model that '
                    'translates, such as CycleGAN.')
            self.results.append(
                tuple(
                    _histograms(pixels.permute(1, 2, 0).cpu().numpy())
                    for pixels in (sample['translated']['data'], image)))

    def compute_metrics(self, results: List[tuple]) -> Dict[str, float]:
        """Figures of all images.

        Args:
            results (list[tuple]): Histograms (3, 256) of an image, translated
                and not.

        Returns:
            dict[str, float]: See the class.
        """
        if self._expected is None:
            self._expected = self._count_reference()
        distance, untranslated = (
            _wasserstein(np.sum(column, axis=0), self._expected)
            for column in zip(*results))
        metrics = dict(
            color_distance=round(distance, 3),
            untranslated_color_distance=round(untranslated, 3),
            color_shift=round(100 * (1 - distance / max(untranslated, 1e-9)),
                              2))
        print_log(
            'translated images: ' +
            ', '.join(f'{name} {value}' for name, value in metrics.items()),
            logger='current')
        return metrics

    def _count_reference(self) -> np.ndarray:
        dataset = DATASETS.build(self.reference)
        return np.sum([
            _histograms(
                mmcv.imfrombytes(
                    fileio.get(dataset.get_data_info(i)['img_path'])))
            for i in range(len(dataset))
        ], 0)


def _histograms(image: np.ndarray) -> np.ndarray:
    """Pixels of each grey value (3, 256) of an image (H, W, 3) uint8."""
    return np.stack([
        np.bincount(image[..., channel].ravel(), minlength=256)
        for channel in range(3)
    ]).astype(np.float64)


def _wasserstein(counts: np.ndarray, expected: np.ndarray) -> float:
    """Mean over the channels of the distance of two histograms (3, 256)."""
    one, other = (
        np.cumsum(x, axis=1) / x.sum(axis=1, keepdims=True)
        for x in (counts, expected))
    return float(np.abs(one - other).sum(axis=1).mean())
