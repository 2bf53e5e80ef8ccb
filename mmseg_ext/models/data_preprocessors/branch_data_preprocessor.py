from collections.abc import Mapping
from typing import List, Optional, Union

import torch
import torch.nn.functional as F
from mmengine.model import BaseDataPreprocessor
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from mmseg.utils import ConfigType
from torch import Tensor, nn

from ...utils.config_fields import type_name


def knows_branches(cfg: ConfigType) -> bool:
    """Whether the config of a preprocessor is that of one for branches."""
    return type_name(cfg) == 'BranchDataPreprocessor'


@MODELS.register_module()
class BranchDataPreprocessor(BaseDataPreprocessor):
    """Passes each branch of a batch through a stock data preprocessor.

    A batch of branches, ``inputs: {branch: [Tensor or None]}`` and
    ``data_samples: {branch: [SegDataSample or None]}``, becomes ``inputs:
    {branch: Tensor (N, C, H, W)}`` and ``data_samples:
    {branch: [SegDataSample]}``. A branch without any sample is left out; each
    branch is padded to a size of its own. An ordinary batch goes to the inner
    preprocessor as it is.

    With ``training=True`` every sample of a branch gets ``valid_mask``, a
    PixelData of bool (1, H, W) that is False on padded pixels, whether they
    were padded here or in a pipeline that tracks them (``AddValidMask``).
    Samples without labels get none.

    Attributes of the inner preprocessor (``mean``, ``size``, ...) can be read
    here.

    Args:
        data_preprocessor (dict or nn.Module): The inner one. Defaults to
            ``dict(type='SegDataPreProcessor')``.
    """

    def __init__(
        self,
        data_preprocessor: Union[dict,
                                 nn.Module] = dict(type='SegDataPreProcessor')
    ) -> None:
        super().__init__()
        if isinstance(data_preprocessor, Mapping):
            data_preprocessor = MODELS.build(data_preprocessor)
        self.data_preprocessor = data_preprocessor

    # ``BaseModel.to`` sets ``_device`` of every preprocessor it finds, while
    # ``BaseDataPreprocessor.to`` sets its own only: keep one for both.
    @property
    def _device(self) -> torch.device:
        return self.data_preprocessor._device

    @_device.setter
    def _device(self, device: torch.device) -> None:
        if 'data_preprocessor' in self._modules:
            self.data_preprocessor._device = device

    def __getattr__(self, name: str):
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name == 'data_preprocessor':
                raise
            return getattr(self.data_preprocessor, name)

    def forward(self, data: dict, training: bool = False) -> dict:
        """Preprocess a batch.

        Args:
            data (dict): Batch from the data loader, with branches or without.
            training (bool): Whether to pad to a common size. Defaults to
                False.

        Returns:
            dict: ``inputs`` and ``data_samples``, by branch if the batch has
            branches.

        Raises:
            ValueError: If no branch has a sample, or if an image was padded
                by its pipeline without a trace.
        """
        if not (isinstance(data, Mapping)
                and isinstance(data.get('inputs'), Mapping)):
            return self.data_preprocessor(data, training)
        inputs, data_samples = {}, {}
        for branch, images in data['inputs'].items():
            samples = data['data_samples'][branch]
            kept = [i for i, image in enumerate(images) if image is not None]
            if kept:
                inputs[branch], data_samples[branch] = self._forward_branch(
                    branch, [images[i] for i in kept],
                    [samples[i] for i in kept], training)
        if not inputs:
            raise ValueError('No branch of the batch has a sample: '
                             f'{list(data["inputs"])}.')
        return dict(inputs=inputs, data_samples=data_samples)

    def _forward_branch(self, branch: str, images: List[Tensor],
                        samples: List[SegDataSample], training: bool):
        masks = [
            _valid_mask(image, sample, branch)
            for image, sample in zip(images, samples)
        ] if training else []
        data = self.data_preprocessor(
            dict(inputs=images, data_samples=samples), training)
        batch, samples = data['inputs'], data['data_samples']
        height, width = batch.shape[-2:]
        for sample, mask in zip(samples, masks):
            mask = mask.to(batch.device, non_blocking=True)
            pad = (0, width - mask.shape[-1], 0, height - mask.shape[-2])
            # ``set_data`` would keep a PixelData of the unpadded size.
            sample.valid_mask = PixelData(data=F.pad(mask, pad, value=False))
            if sample.get('pad_shape') is None:
                # Stock takes it from the label and says None without one.
                sample.set_metainfo(dict(pad_shape=(height, width)))
        return batch, samples


def _valid_mask(image: Tensor, sample: SegDataSample, branch: str) -> Tensor:
    """The sample's mask of valid pixels, bool (1, h, w), before padding."""
    mask: Optional[PixelData] = sample.get('valid_mask')
    if mask is None:
        if sample.get('pad_shape') is not None:
            raise ValueError(
                f'An image of the branch {branch!r} was padded by its '
                f'pipeline ({sample.get("img_path")}), but nothing tells '
                "where; put dict(type='AddValidMask') after loading and end "
                "the pipeline with dict(type='PackBranchInputs').")
        return torch.ones((1, *image.shape[-2:]), dtype=torch.bool)
    if mask.data.shape[-2:] != image.shape[-2:]:
        raise ValueError(
            f'valid_mask of size {tuple(mask.data.shape[-2:])} does not fit '
            f'the image of size {tuple(image.shape[-2:])} in the branch '
            f'{branch!r} ({sample.get("img_path")}).')
    return mask.data
