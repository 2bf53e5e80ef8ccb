from typing import Dict, List, NamedTuple, Optional, Sequence, Union

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor, nn

from ...datasets.samplers import hash_seed
from .classifier import MEAN, STD, ExplainedClassifier
from .consensus import NORMALIZATIONS, average_maps, normalise_map, to_deciles
from .gradient_explainer import BaseGradientExplainer

TARGETS = ('label', 'prediction')
FILTERS = ('none', 'correct')


class Explanation(NamedTuple):
    """What a committee says of an image.

    Attributes:
        deciles (Tensor, optional): uint8 (H, W); None if no classifier tells
            anything.
        scores (Tensor, optional): The consensus, (H, W).
        members (dict[str, Tensor]): Normalised map (h, w) of each classifier
            that tells something, by name.
        flags (dict): What was unusual, plain values.
    """
    deciles: Optional[Tensor]
    scores: Optional[Tensor]
    members: Dict[str, Tensor]
    flags: dict


class ExplanationEnsemble(nn.Module):
    """Explains images by many classifiers and averages the explanations.

    `Cross-Model Consensus of Explanations
    <https://arxiv.org/abs/2109.00707>`_, as PSSL
    (https://arxiv.org/abs/2207.03335) uses it.

    Args:
        classifiers (Sequence): The committee: classifiers, or configs of
            :meth:`ExplainedClassifier.from_config`.
        explainer (dict or BaseGradientExplainer, optional): What explains.
            Defaults to None, :class:`SmoothGrad`.
        normalization (str): How maps are brought to one scale, see
            :func:`normalise_map`. Defaults to 'minmax'.
        target (str): Class that is explained: the ``'label'`` of the image
            or the ``'prediction'`` of each classifier. Defaults to 'label'.
        committee_filter (str): ``'correct'`` leaves out, image by image, the
            classifiers that do not predict the label; if none is left all
            count. Defaults to 'none'.
        seed (int): Seed of the noise, which is a function of it, the name of
            the image and the place of the classifier. Defaults to 0.
        amp_dtype (torch.dtype, optional): Type of mixed precision. Defaults
            to None, full precision.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self,
                 classifiers: Sequence[Union[str, dict, ExplainedClassifier]],
                 explainer: Union[dict, BaseGradientExplainer, None] = None,
                 normalization: str = 'minmax',
                 target: str = 'label',
                 committee_filter: str = 'none',
                 seed: int = 0,
                 amp_dtype: Optional[torch.dtype] = None) -> None:
        super().__init__()
        options = dict(
            normalization=(normalization, NORMALIZATIONS),
            target=(target, TARGETS),
            committee_filter=(committee_filter, FILTERS))
        for name, (value, known) in options.items():
            if value not in known:
                raise ValueError(f'explanation.{name} must be one of '
                                 f'{", ".join(known)}, but is {value!r}.')
        if not classifiers:
            raise ValueError('explanation.classifiers must list at least one '
                             'classifier, but is empty.')
        self.classifiers = nn.ModuleList()
        for i, classifier in enumerate(classifiers):
            if not isinstance(classifier, ExplainedClassifier):
                classifier = ExplainedClassifier.from_config(
                    classifier, f'explanation.classifiers[{i}]')
            self.classifiers.append(classifier)
        names = self.names
        if len(set(names)) < len(names):
            raise ValueError('explanation.classifiers must have different '
                             f'names, but they are {", ".join(names)}: set '
                             'name.')
        if not isinstance(explainer, BaseGradientExplainer):
            explainer = MODELS.build(explainer or dict(type='SmoothGrad'))
        self.explainer = explainer
        self.normalization = normalization
        self.target = target
        self.committee_filter = committee_filter
        self.seed = seed
        self.amp_dtype = amp_dtype

    @property
    def names(self) -> List[str]:
        """list[str]: names of the classifiers."""
        return [classifier.name for classifier in self.classifiers]

    def forward(self, image: Tensor, label: int, name: str,
                size: Sequence[int]) -> Explanation:
        """Explain an image.

        Args:
            image (Tensor): RGB in [0, 255], (3, h, w).
            label (int): Its class.
            name (str): Its name, for the seed of the noise.
            size (Sequence[int]): Height and width of the map of deciles.

        Returns:
            Explanation: What was found.
        """
        image = self.to_common_space(image)
        flags = {}
        chosen = self._filter(image, label, flags)
        target = label if self.target == 'label' else None
        maps, members = [], {}
        for i in chosen:
            classifier = self.classifiers[i]
            generator = torch.Generator(image.device)
            generator.manual_seed(hash_seed(self.seed, name, i))
            values, _ = self.explainer(classifier, image, target, generator,
                                       self.amp_dtype)
            values = _resize(values, image.shape[1:])
            values = normalise_map(values, self.normalization)
            maps.append(values)
            if values is None:
                flags.setdefault('dead', []).append(classifier.name)
            else:
                members[classifier.name] = values
        consensus = average_maps(maps)
        if consensus is None:
            flags['degenerate'] = True
            return Explanation(None, None, members, flags)
        scores = _resize(consensus, size)
        return Explanation(to_deciles(scores), scores, members, flags)

    @torch.no_grad()
    def check_classes(self, num_classes: int, size: int = 224) -> None:
        """Refuse classifiers of other classes than the data set's.

        Args:
            num_classes (int): Classes of the data set.
            size (int): Height and width of the image that is tried. Defaults
                to 224.

        Raises:
            ValueError: If a classifier has another number of classes.
        """
        for classifier in self.classifiers:
            image = classifier.scale.new_zeros(1, 3, size, size)
            found = classifier(classifier.resize(image)).shape[1]
            if found != num_classes:
                raise ValueError(
                    f'The classifier {classifier.name} has {found} classes, '
                    f'but explanation.dataset has {num_classes}: all must '
                    'have the same.')

    @staticmethod
    def to_common_space(image: Tensor) -> Tensor:
        """Normalise an RGB image (3, h, w) of values in [0, 255]."""
        if not image.is_floating_point():
            image = image.float()
        mean, std = (image.new_tensor(x).view(3, 1, 1) for x in (MEAN, STD))
        return (image - mean) / std

    @torch.no_grad()
    def _filter(self, image: Tensor, label: int, flags: dict) -> List[int]:
        everyone = list(range(len(self.classifiers)))
        if self.committee_filter == 'none':
            return everyone
        right = [
            i for i, classifier in enumerate(self.classifiers) if int(
                classifier(classifier.resize(image[None]), self.amp_dtype)
                [0].argmax()) == label
        ]
        if not right:
            flags['none_correct'] = True
        return right or everyone


def _resize(values: Tensor, size: Sequence[int]) -> Tensor:
    if tuple(values.shape) == tuple(size):
        return values
    return F.interpolate(
        values[None, None], tuple(size), mode='bilinear',
        align_corners=False)[0, 0]
