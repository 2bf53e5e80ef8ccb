import logging
import math
from collections import OrderedDict
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmseg.registry import METRICS
from torch import Tensor

from ...models.utils.mask_classification import log_shares


@METRICS.register_module()
class TargetEntropy(BaseMetric):
    """How sure a segmentor is on images without labels.

    Reads ``seg_logits`` of the samples, and ``pred_sem_seg`` where they have
    it, but no ground truth, so that it may choose a checkpoint where the
    target has no labels::

        val_evaluator = [dict(type='IoUMetric'), dict(type='TargetEntropy')]
        default_hooks = dict(checkpoint=dict(
            save_best=['mIoU', 'target_entropy'], rule=['greater', 'less']))

    Figures, over all pixels of the data set, with :math:`P` the softmax and C
    classes:

    - ``target_entropy``: mean of the normalised entropy :math:`E = -\\sum_c
      P_c \\ln P_c / \\ln C`, in [0, 1]; less is surer.
    - ``target_information``: normalised entropy of the mean of :math:`P` less
      ``target_entropy``, the mutual information of pixel and class; more is
      better. Unlike the entropy alone it does not reward a model that
      predicts few classes only.
    - ``predicted_classes``: classes that are predicted for at least
      ``min_share`` of the pixels. A number that halves while training tells
      of a collapse.

    Args:
        scores (str): What ``seg_logits`` are: ``'logits'``, or ``'shares'``,
            sums of class times mask probability, as heads that classify masks
            predict them; P is then their share among the classes. Defaults to
            'logits'.
        min_share (float): See ``predicted_classes``. Defaults to 1e-3.
        collect_device (str): ``'cpu'`` or ``'gpu'``. Defaults to 'cpu'.
        prefix (str, optional): Prefix of the figures' names. Defaults to
            None.

    Raises:
        ValueError: If ``scores`` is none of the two or ``min_share`` outside
            [0, 1].
    """

    def __init__(self,
                 scores: str = 'logits',
                 min_share: float = 1e-3,
                 collect_device: str = 'cpu',
                 prefix: Optional[str] = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        if not 0 <= min_share <= 1:
            raise ValueError('TargetEntropy.min_share must be in [0, 1] but '
                             f'is {min_share}.')
        if scores not in ('logits', 'shares'):
            raise ValueError("TargetEntropy.scores must be 'logits' or "
                             f"'shares' but is {scores!r}.")
        self.scores = scores
        self._warned = False
        self.min_share = min_share

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Sum up a batch.

        Args:
            data_batch (dict): The batch, of which the number of views is
                checked.
            data_samples (Sequence[dict]): Predictions.

        Raises:
            ValueError: If a sample has no ``seg_logits``, or those of one of
                several views, as the stock test-time augmentation leaves
                them.
        """
        inputs = (data_batch or {}).get('inputs', ())
        if len(inputs) and isinstance(inputs[0], (list, tuple)):
            raise ValueError(
                'TargetEntropy needs the scores of an image, but of its '
                f'{len(inputs)} views test-time augmentation keeps those of '
                'the last: test without --tta, or leave it out of '
                'test_evaluator.')
        for sample in data_samples:
            if 'seg_logits' not in sample:
                raise ValueError(
                    "TargetEntropy needs 'seg_logits' in every sample but "
                    f'found {sorted(sample)}: evaluate a segmentor that '
                    'returns its scores.')
            self._check(sample['seg_logits']['data'])
            self.results.append(_image_sums(sample, self.scores == 'shares'))

    def _check(self, scores: Tensor) -> None:
        lowest, highest = scores.min(), scores.max()
        if self.scores == 'shares' and lowest < 0:
            raise ValueError("TargetEntropy.scores is 'shares', but a score "
                             f'is {lowest:.3g}: set it to \'logits\'.')
        if self._warned or self.scores == 'shares' or len(scores) == 1:
            return
        if lowest >= 0 and highest > 0:
            self._warned = True
            print_log(
                f'All scores of an image lie in {lowest:.3g} to '
                f'{highest:.3g}: if the decode head classifies masks, '
                "TargetEntropy needs scores='shares'.",
                logger='current',
                level=logging.WARNING)

    def compute_metrics(self, results: List[tuple]) -> Dict[str, float]:
        """Figures of all images.

        Args:
            results (list[tuple]): Entropy, mean probability and number of
                predicted pixels of each class, summed over an image.

        Returns:
            dict[str, float]: See the class.
        """
        entropies, probs, counts = (
            np.sum(column, axis=0) for column in zip(*results))
        pixels, classes = counts.sum(), len(counts)
        mean = probs / pixels
        marginal = -(mean * np.log(np.maximum(mean, 1e-300))).sum()
        entropy = entropies / pixels / math.log(classes)
        metrics = OrderedDict(
            target_entropy=round(float(entropy), 5),
            target_information=round(
                float(marginal / math.log(classes) - entropy), 5),
            predicted_classes=int((counts >= self.min_share * pixels).sum()))
        print_log(
            'predictions without labels: ' +
            ', '.join(f'{name} {value}'
                      for name, value in metrics.items()) + f' of {classes}',
            logger='current')
        return metrics


def _image_sums(sample: dict,
                shares: bool) -> Tuple[float, np.ndarray, np.ndarray]:
    """Sums over the pixels of an image: entropy, probability, prediction."""
    scores = sample['seg_logits']['data'].float()
    if scores.shape[0] == 1:
        # The stock segmentors give the probability of a head of one channel.
        prob = torch.cat([1 - scores, scores])
    elif shares:
        prob = log_shares(scores[None])[0].softmax(0)
    else:
        prob = scores.softmax(0)
    # Rows first: not every device has float64, and float32 is short for all.
    entropy = torch.special.entr(prob).sum((0, 2)).cpu().double().sum()
    total = prob.sum(2).cpu().double().sum(1)
    if 'pred_sem_seg' in sample:  # a binary head has a threshold of its own
        prediction = sample['pred_sem_seg']['data'].long()
    else:
        prediction = prob.argmax(0)
    counts = torch.bincount(prediction.flatten(), minlength=len(prob))
    return entropy.item(), total.numpy(), counts.cpu().numpy()
