import copy
from abc import ABCMeta, abstractmethod
from typing import Callable, Dict, List, Optional, Sequence

from mmseg.models import BaseSegmentor
from mmseg.registry import MODELS
from mmseg.utils import (ConfigType, OptConfigType, OptMultiConfig,
                         OptSampleList, SampleList)
from torch import Tensor, nn

from ..data_preprocessors import knows_branches
from ..utils.heads import main_decode_head
from ..utils.options import check_branches
from ..utils.plain_checkpoint import adopt_plain_state_dict


class BaseAlgorithm(BaseSegmentor, metaclass=ABCMeta):
    """Base of all training paradigms: wraps a segmentor, asks for a loss.

    Everything that is inference is delegated to the wrapped segmentor, so
    the stock test, benchmark and visualisation tools read an algorithm as if
    it were the segmentor. A subclass implements :meth:`loss` on a batch with
    branches, ``inputs: {branch: Tensor (N, C, H, W)}`` and
    ``data_samples: {branch: list[SegDataSample]}``; training then goes
    through the stock ``train_step``.

    Checkpoints of the plain segmentor load as they are: their keys go to
    ``segmentor.``.

    Args:
        segmentor (dict): Config of any segmentor of MMSegmentation. Its
            ``data_preprocessor`` becomes the inner one of
            :class:`BranchDataPreprocessor`.
        data_preprocessor (dict, optional): Config of a
            :class:`BranchDataPreprocessor`, which is taken as it is, or of
            the inner one where the segmentor has none. Defaults to None.
        pretrained (str, optional): Passed on to the segmentor's config when
            it is not None. The stock benchmark tool sets it. Defaults to
            None.
        train_cfg (dict, optional): Passed on to the segmentor's config when
            it is not None. Defaults to None.
        test_cfg (dict, optional): Passed on to the segmentor's config when
            it is not None. Defaults to None.
        init_cfg (dict or list[dict], optional): Initialisation of the
            algorithm as a whole. Defaults to None.

    Raises:
        TypeError: If ``segmentor`` is not a config with a ``type``.
    """

    stage_names: Sequence[str] = ()
    """Names of the stages of the method in order, empty if it has none."""

    plain_prefixes: Sequence[str] = ('segmentor.', )
    """Where the keys of a checkpoint of the plain segmentor go."""

    def __init__(self,
                 segmentor: ConfigType,
                 data_preprocessor: OptConfigType = None,
                 pretrained: Optional[str] = None,
                 train_cfg: OptConfigType = None,
                 test_cfg: OptConfigType = None,
                 init_cfg: OptMultiConfig = None) -> None:
        if not isinstance(segmentor, dict) or 'type' not in segmentor:
            raise TypeError(
                'model.segmentor must be the config of a segmentor, a dict '
                f'with a `type`, but got {type(segmentor).__name__}.')
        segmentor = copy.deepcopy(segmentor)
        inner = segmentor.pop('data_preprocessor', None)
        outer = data_preprocessor or dict(type='SegDataPreProcessor')
        if not knows_branches(outer):
            # a `data_preprocessor` at the top of a stock config arrives here
            # by way of the runner; the segmentor's own comes first, as ever
            outer = dict(
                type='BranchDataPreprocessor',
                data_preprocessor=inner or outer)
        super().__init__(data_preprocessor=outer, init_cfg=init_cfg)
        overrides = dict(
            pretrained=pretrained, train_cfg=train_cfg, test_cfg=test_cfg)
        segmentor.update({
            key: value
            for key, value in overrides.items() if value is not None
        })
        self.segmentor_cfg = segmentor
        self.segmentor = MODELS.build(segmentor)
        self.stage: Optional[str] = None
        self._register_load_state_dict_pre_hook(
            adopt_plain_state_dict, with_module=True)

    # -- training ---------------------------------------------------------

    @abstractmethod
    def loss(self, inputs: Dict[str, Tensor],
             data_samples: Dict[str, SampleList]) -> Dict[str, Tensor]:
        """Losses of one batch with branches."""

    def set_stage(self, name: str) -> None:
        """Make ``name`` the current stage.

        Called at the start, on a resume and at each change of the stage.

        Args:
            name (str): One of :attr:`stage_names`.
        """
        if name not in self.stage_names:
            raise ValueError(
                f'{type(self).__name__} has the stages '
                f'{list(self.stage_names)}, but default_hooks.stage.stages '
                f'names {name!r}.')
        self.stage = name

    def enter_stage(self, name: str) -> None:
        """Prepare what a stage starts from.

        Called once, before the first iteration of a stage, and never on a
        resume in its middle.

        Args:
            name (str): One of :attr:`stage_names`.
        """

    def check_batch(self, inputs: Dict[str, Tensor],
                    branches: Sequence[str]) -> None:
        """Raise unless the batch has the named branches."""
        check_branches(type(self).__name__, inputs, branches)

    def check_stage(self) -> None:
        """Raise unless a stage hook has told the stage."""
        if self.stage is None:
            raise RuntimeError(
                f'{type(self).__name__} trains in the stages '
                f'{list(self.stage_names)}, but none is set: add '
                "stage=dict(type='StageHook', stages=[...]) to "
                'default_hooks.')

    def bare_passes(
        self, inputs: Dict[str, Tensor], data_samples: Dict[str, SampleList]
    ) -> Dict[str, Callable[[], Optional[Tensor]]]:
        """The passes of one iteration that the method cannot do without.

        ``tools/analysis_tools/step_floor.py`` holds the cost of a training
        iteration against their sum.

        Args:
            inputs (dict[str, Tensor]): A preprocessed batch.
            data_samples (dict[str, list[SegDataSample]]): Its samples.

        Returns:
            dict[str, Callable]: By name, functions that run one network
            forward and return a scalar to call ``backward`` on, its losses
            with targets that are made beforehand, or None where there is no
            backward pass.
        """
        raise NotImplementedError(
            f'{type(self).__name__} does not list its bare_passes.')

    # -- inference, all delegated -----------------------------------------

    @property
    def predictor(self) -> BaseSegmentor:
        """BaseSegmentor: the network that inference runs on."""
        return self.segmentor

    def predict(self,
                inputs: Tensor,
                data_samples: OptSampleList = None) -> SampleList:
        """Predict with the wrapped segmentor."""
        return self.predictor.predict(inputs, data_samples)

    def _forward(self, inputs: Tensor, data_samples: OptSampleList = None):
        return self.predictor._forward(inputs, data_samples)

    def extract_feat(self, inputs: Tensor):
        """Features of the wrapped segmentor."""
        return self.predictor.extract_feat(inputs)

    def encode_decode(self, inputs: Tensor,
                      batch_img_metas: List[dict]) -> Tensor:
        """Logits of the wrapped segmentor at the size of the input."""
        return self.predictor.encode_decode(inputs, batch_img_metas)

    def inference(self, inputs: Tensor, batch_img_metas: List[dict]) -> Tensor:
        """Logits by slide or whole inference, as ``test_cfg`` says."""
        return self.predictor.inference(inputs, batch_img_metas)

    @property
    def backbone(self) -> nn.Module:
        """nn.Module: backbone of the wrapped segmentor."""
        return self.segmentor.backbone

    @property
    def neck(self) -> nn.Module:
        """nn.Module: neck of the wrapped segmentor."""
        return self.segmentor.neck

    @property
    def decode_head(self) -> nn.Module:
        """nn.Module: decode head of the wrapped segmentor."""
        return self.segmentor.decode_head

    @property
    def auxiliary_head(self) -> nn.Module:
        """nn.Module: auxiliary head or heads of the wrapped segmentor."""
        return self.segmentor.auxiliary_head

    @property
    def align_corners(self) -> bool:
        """bool: how the wrapped segmentor resizes logits."""
        return self.segmentor.align_corners

    @property
    def num_classes(self) -> int:
        """int: number of classes of the wrapped segmentor."""
        return self.segmentor.num_classes

    @property
    def out_channels(self) -> int:
        """int: number of logits a pixel of the wrapped segmentor."""
        return self.segmentor.out_channels

    @property
    def decision_threshold(self) -> Optional[float]:
        """float: threshold of a head of one channel, None with several."""
        head = main_decode_head(self.segmentor)
        return head.threshold if head.out_channels == 1 else None

    @property
    def train_cfg(self) -> Optional[dict]:
        """dict: ``train_cfg`` of the wrapped segmentor."""
        return self.segmentor.train_cfg

    @property
    def test_cfg(self) -> Optional[dict]:
        """dict: ``test_cfg`` of the wrapped segmentor."""
        return self.segmentor.test_cfg
