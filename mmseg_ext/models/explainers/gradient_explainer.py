from abc import ABCMeta, abstractmethod
from typing import Iterator, Optional, Tuple

import torch
from torch import Tensor

from ..utils.logits import full_precision, without_autocast
from .classifier import ExplainedClassifier

SCORES = ('probability', 'logit', 'log_probability')


class BaseGradientExplainer(metaclass=ABCMeta):
    """Explains a class by the gradient of its score at several inputs.

    A subclass says at which inputs, and what is made of the mean gradient.

    The gradients of a probability p are computed as
    :math:`p (1 - p)\\, \\nabla \\log \\frac{p}{1 - p}`, the factor in full
    precision: the gradient of the log-odds neither saturates nor underflows
    in 16 bits where a classifier is sure.

    Args:
        num_samples (int): Number of inputs.
        gradient_of (str): Score of the class: ``'probability'``, ``'logit'``
            or ``'log_probability'``. Defaults to 'probability'.
        sample_batch_size (int): Inputs of one pass. Defaults to 50.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self,
                 num_samples: int,
                 gradient_of: str = 'probability',
                 sample_batch_size: int = 50) -> None:
        for name, value in (('num_samples', num_samples), ('sample_batch_size',
                                                           sample_batch_size)):
            if not isinstance(value, int) or value < 1:
                raise ValueError(f'explainer.{name} must be a whole number '
                                 f'>= 1, but is {value!r}.')
        if gradient_of not in SCORES:
            raise ValueError('explainer.gradient_of must be one of '
                             f'{", ".join(SCORES)}, but is {gradient_of!r}.')
        self.num_samples = num_samples
        self.gradient_of = gradient_of
        self.sample_batch_size = sample_batch_size

    @abstractmethod
    def samples(self, image: Tensor,
                generator: Optional[torch.Generator]) -> Iterator[Tensor]:
        """Inputs at which the gradient is taken, one after the other.

        Args:
            image (Tensor): Image of the common space, (1, 3, h, w).
            generator (torch.Generator, optional): Source of randomness, on
                the image's device.

        Yields:
            Tensor: Shape (1, 3, h, w), ``num_samples`` times.
        """

    @abstractmethod
    def attribute(self, gradient: Tensor, image: Tensor) -> Tensor:
        """Make a map of the mean gradient.

        Args:
            gradient (Tensor): Shape (3, h, w).
            image (Tensor): Shape (3, h, w).

        Returns:
            Tensor: Shape (h, w), >= 0.
        """

    def __call__(
            self,
            classifier: ExplainedClassifier,
            image: Tensor,
            target: Optional[int],
            generator: Optional[torch.Generator] = None,
            amp_dtype: Optional[torch.dtype] = None) -> Tuple[Tensor, int]:
        """Explain one image.

        Args:
            classifier (ExplainedClassifier): What to explain.
            image (Tensor): Image of the common space, (3, h, w).
            target (int, optional): The class; None for the one that the
                classifier predicts of the image as it is.
            generator (torch.Generator, optional): Source of randomness.
                Defaults to None, the global one.
            amp_dtype (torch.dtype, optional): See
                :meth:`ExplainedClassifier.forward`. Defaults to None.

        Returns:
            tuple[Tensor, int]: Map (h, w), and the class explained.

        Raises:
            ValueError: If the classifier lacks the class.
            RuntimeError: If no gradient reaches the image.
        """
        image = classifier.resize(image[None])
        if target is None:
            with torch.no_grad():
                target = int(classifier(image, amp_dtype)[0].argmax())
        total, batch = torch.zeros_like(image[0]), []
        for number, sample in enumerate(self.samples(image, generator), 1):
            batch.append(sample)
            if len(batch) == self.sample_batch_size or (number
                                                        == self.num_samples):
                inputs = torch.cat(batch)
                total += self._gradients(classifier, inputs, target,
                                         amp_dtype).sum(0)
                batch = []
        return self.attribute(total / self.num_samples, image[0]), target

    def _gradients(self, classifier: ExplainedClassifier, inputs: Tensor,
                   target: int, amp_dtype: Optional[torch.dtype]) -> Tensor:
        """Gradient of the score of each input, (N, 3, h, w)."""
        with torch.enable_grad():
            inputs = inputs.detach().requires_grad_()
            logits = classifier(inputs, amp_dtype)
            if not logits.requires_grad:
                raise RuntimeError(
                    f'No gradient reaches the input of {classifier.name}: it '
                    'must not run under no_grad or detach its input.')
            if target >= logits.shape[1]:
                raise ValueError(
                    f'The class {target} is to be explained, but '
                    f'{classifier.name} has {logits.shape[1]} classes: all '
                    'classifiers must have the classes of the data set.')
            with without_autocast(inputs):
                score, factor = self._score(full_precision(logits), target)
                gradient, = torch.autograd.grad(score.sum(), inputs)
        return gradient if factor is None else gradient * factor

    def _score(self, logits: Tensor,
               target: int) -> Tuple[Tensor, Optional[Tensor]]:
        own = logits[:, target]
        if self.gradient_of == 'logit':
            return own, None
        others = torch.cat([logits[:, :target], logits[:, target + 1:]], 1)
        odds = own - others.logsumexp(1)
        with torch.no_grad():
            factor = torch.sigmoid(-odds)  # 1 - p
            if self.gradient_of == 'probability':
                factor = factor * torch.sigmoid(odds)
        return odds, factor.view(-1, 1, 1, 1)
