import copy
from typing import Dict, List, Optional, Sequence, Tuple

import torch
from mmengine.runner import CheckpointLoader
from mmengine.structures import PixelData
from mmseg.models import BaseSegmentor
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from mmseg.utils import ConfigType, OptConfigType, OptSampleList, SampleList
from torch import Tensor, nn

from ..utils.ensemble_checkpoint import adopt_checkpoint_of_one, load_exactly
from ..utils.mask_classification import prediction_logits

# Arguments of SegDataPreProcessor.
_TRAINING_ONLY = ('batch_augments', 'seg_pad_val', 'size', 'size_divisor')


@MODELS.register_module()
class EnsembleSegmentor(BaseSegmentor):
    """Several trained segmentors that predict as one.

    Their scores are summed up at full resolution, so they may be of any
    architecture as long as they know the same classes and want images
    normalised alike. Predicts only. "AdvEnt+MinEnt" of `ADVENT
    <https://arxiv.org/abs/1811.12833>`_ is such an ensemble of two models with
    equal weights on their logits.

    A checkpoint of a single segmentor or algorithm that a tool loads, such as
    the one that ``tools/test.py`` asks for, goes to the first model;
    ``checkpoints=[None, 'b.pth']`` then names the others.

    Args:
        models (Sequence[dict]): Configs of segmentors. Of an algorithm that
            wraps one the segmentor is taken.
        checkpoints (Sequence[str], optional): A checkpoint for each model, of
            the segmentor or of an algorithm that wraps it; None for a model
            leaves it as it is built. Defaults to None.
        weights (Sequence[float], optional): A weight for each model. Defaults
            to None, equal ones of sum 1.
        space (str): What is summed up, ``'logits'`` or ``'prob'``. For the
            latter ``seg_logits`` are the logarithm of the mean probability
            (and this itself for a head of one channel, as in the stock
            segmentors). Defaults to 'logits'.
        data_preprocessor (dict, optional): Where the models have none.
            Defaults to None.
        pretrained (str, optional): Not used; the stock benchmark tool sets
            it. Defaults to None.
        train_cfg (dict, optional): Likewise. Defaults to None.
        test_cfg (dict, optional): Goes to every model where it is given.
            Defaults to None.
        init_cfg (dict or list[dict], optional): Initialisation of the whole.
            Defaults to None.

    Raises:
        ValueError: If the lists differ in length, ``space`` is unknown, the
            models differ in classes or preprocessing, or a checkpoint is of
            another model.
    """

    def __init__(self,
                 models: Sequence[ConfigType],
                 checkpoints: Optional[Sequence[Optional[str]]] = None,
                 weights: Optional[Sequence[float]] = None,
                 space: str = 'logits',
                 data_preprocessor: OptConfigType = None,
                 pretrained: Optional[str] = None,
                 train_cfg: OptConfigType = None,
                 test_cfg: OptConfigType = None,
                 init_cfg: OptConfigType = None) -> None:
        number = len(models)
        if not number:
            raise ValueError('model.models is empty; name at least one.')
        for name, values in (('checkpoints', checkpoints), ('weights',
                                                            weights)):
            if values is not None and len(values) != number:
                raise ValueError(f'model.{name} has {len(values)} entries, '
                                 f'but model.models has {number}.')
        if space not in ('logits', 'prob'):
            raise ValueError("model.space must be 'logits' or 'prob' but is "
                             f'{space!r}.')
        if weights is not None and (min(weights) < 0 or not sum(weights)):
            raise ValueError('model.weights must not be negative nor all 0 '
                             f'but are {list(weights)}.')
        configs = [_segmentor_config(cfg) for cfg in models]
        found = [cfg.pop('data_preprocessor', None) for cfg in configs]
        for i, one in enumerate(found):
            if _at_inference(one) != _at_inference(found[0]):
                raise ValueError(
                    f'model.models[{i}] and model.models[0] have different '
                    f'data_preprocessors, {one} and {found[0]}, but there is '
                    'one for all.')
        super().__init__(
            data_preprocessor=found[0] or data_preprocessor, init_cfg=init_cfg)
        if test_cfg is not None:
            for cfg in configs:
                cfg['test_cfg'] = test_cfg
        self.models = nn.ModuleList(MODELS.build(cfg) for cfg in configs)
        self.weights = tuple(weights or [1 / number] * number)
        self.space = space
        self._check_channels()
        self._load(checkpoints or [None] * number)
        self._register_load_state_dict_pre_hook(
            adopt_checkpoint_of_one, with_module=True)

    def _check_channels(self) -> None:
        for i, model in enumerate(self.models):
            for name in ('num_classes', 'out_channels'):
                value, first = getattr(model, name), getattr(self, name)
                if value != first:
                    raise ValueError(
                        f'model.models[{i}] has {name}={value}, but '
                        f'model.models[0] has {first}.')

    def _load(self, checkpoints: Sequence[Optional[str]]) -> None:
        known: Dict[str, Tuple[str, ...]] = {}
        for i, path in enumerate(checkpoints):
            if path is None:
                continue
            field = f'model.checkpoints[{i}]={path!r}'
            checkpoint = CheckpointLoader.load_checkpoint(
                path, map_location='cpu')
            meta = checkpoint.get('meta') or {}
            classes = (meta.get('dataset_meta') or {}).get('classes')
            if classes:
                known[field] = tuple(classes)
                first = next(iter(known))
                if known[field] != known[first]:
                    raise ValueError(
                        f'{field} is of the classes {", ".join(classes)}, but '
                        f'{first} of {", ".join(known[first])}.')
            load_exactly(self.models[i],
                         checkpoint.get('state_dict', checkpoint), field)

    # -- inference --------------------------------------------------------

    def predict(self,
                inputs: Tensor,
                data_samples: OptSampleList = None) -> SampleList:
        """Predict with all models.

        Args:
            inputs (Tensor): Images, (N, 3, H, W).
            data_samples (list[SegDataSample], optional): Their samples.
                Defaults to None.

        Returns:
            list[SegDataSample]: With ``seg_logits`` and ``pred_sem_seg``.
        """
        if data_samples is None:
            shape = tuple(inputs.shape[2:])
            metas = [
                dict(
                    ori_shape=shape,
                    img_shape=shape,
                    pad_shape=shape,
                    padding_size=[0, 0, 0, 0])
            ] * len(inputs)
        else:
            metas = [sample.metainfo for sample in data_samples]
        if self.space == 'logits':
            return self.postprocess_result(
                self.inference(inputs, metas), data_samples)
        return self._mix_probabilities(inputs, metas, data_samples)

    def inference(self, inputs: Tensor, batch_img_metas: List[dict]) -> Tensor:
        """Weighted sum of the models' logits, each as its ``test_cfg`` says.

        Args:
            inputs (Tensor): Images, (N, 3, H, W).
            batch_img_metas (list[dict]): Their meta information.

        Returns:
            Tensor: Logits of shape (N, C, H, W).
        """
        # Slide inference writes into the meta information.
        return sum(weight *
                   model.inference(inputs, copy.deepcopy(batch_img_metas))
                   for weight, model in zip(self.weights, self.models))

    def encode_decode(self, inputs: Tensor,
                      batch_img_metas: List[dict]) -> Tensor:
        """Weighted sum of the logits that the models give in one pass."""
        return sum(weight * model.encode_decode(inputs, batch_img_metas)
                   for weight, model in zip(self.weights, self.models))

    def _mix_probabilities(self, inputs: Tensor, metas: List[dict],
                           data_samples: OptSampleList) -> SampleList:
        mixed = [0.] * len(metas)
        for weight, model in zip(self.weights, self.models):
            samples = [SegDataSample(metainfo=meta) for meta in metas]
            logits = model.inference(inputs, copy.deepcopy(metas))
            samples = model.postprocess_result(logits, samples)
            for i, sample in enumerate(samples):
                scores = sample.seg_logits.data.float()
                if len(scores) == 1:  # a probability already
                    prob = scores
                else:
                    prob = prediction_logits(model.decode_head,
                                             scores).softmax(0)
                mixed[i] = mixed[i] + weight / sum(self.weights) * prob
        if data_samples is None:
            data_samples = [SegDataSample() for _ in mixed]
        for sample, prob in zip(data_samples, mixed):
            if len(prob) == 1:
                label = (prob > self.decode_head.threshold).to(prob)
            else:
                label = prob.argmax(0, keepdim=True)
                prob = prob.clamp(min=torch.finfo(prob.dtype).tiny).log()
            sample.set_data(
                dict(
                    seg_logits=PixelData(data=prob),
                    pred_sem_seg=PixelData(data=label)))
        return data_samples

    def _forward(self,
                 inputs: Tensor,
                 data_samples: OptSampleList = None) -> tuple:
        return tuple(
            model._forward(inputs, data_samples) for model in self.models)

    def extract_feat(self, inputs: Tensor) -> tuple:
        """Features of every model."""
        return tuple(model.extract_feat(inputs) for model in self.models)

    def loss(self, inputs: Tensor, data_samples: SampleList) -> dict:
        """An ensemble does not train.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError('EnsembleSegmentor predicts only: train '
                                  'its models one by one.')

    @property
    def decode_head(self) -> nn.Module:
        """nn.Module: decode head of the first model."""
        return self.models[0].decode_head

    @property
    def align_corners(self) -> bool:
        """bool: how the first model resizes logits."""
        return self.models[0].align_corners

    @property
    def num_classes(self) -> int:
        """int: number of classes."""
        return self.models[0].num_classes

    @property
    def out_channels(self) -> int:
        """int: number of logits a pixel."""
        return self.models[0].out_channels


def _segmentor_config(cfg: ConfigType) -> ConfigType:
    """A copy of a segmentor's config, taken out of an algorithm's."""
    cfg = copy.deepcopy(cfg)
    while 'segmentor' in cfg:
        outer = cfg.get('data_preprocessor') or {}
        outer = outer.get('data_preprocessor', outer)
        cfg = cfg['segmentor']
        if outer:
            cfg.setdefault('data_preprocessor', outer)
    return cfg


def _at_inference(preprocessor: OptConfigType) -> OptConfigType:
    """What of a preprocessor's config matters without labels."""
    return {
        key: value
        for key, value in (preprocessor or {}).items()
        if key not in _TRAINING_ONLY
    }
