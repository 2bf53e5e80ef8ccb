import copy
from typing import Dict, List, Optional, Sequence, Tuple

import torch
from mmengine.model import BaseModule, ModuleList
from mmengine.structures import PixelData
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from mmseg.utils import ConfigType, SampleList, add_prefix
from torch import Tensor

from ..losses import ErrorSimulationGate
from ..utils.head_capture import capture_head, check_capturable
from ..utils.heads import detached
from ..utils.random_streams import random_numbers_apart


@MODELS.register_module()
class ErrorSimulationDecoders(ModuleList):
    """Auxiliary decoders that are kept worse than the main one on purpose.

    They read detached features, so they teach the encoder nothing, and the
    loss of decoder k counts only while it is at least ``alphas[k]`` times
    the main decoder's: its predictions stay plausible but wrong, which is
    what an error localization network needs to learn from. Source: ELN
    (CVPR 2022), constrained loss of the auxiliary decoders.

    Args:
        decode_head (dict): Config of one decoder; each gets weights of its
            own.
        alphas (Sequence[float]): One factor a decoder. Its length is the
            number of decoders; empty means none. Defaults to (20., 50.).
        gate (str): ``'batch'`` compares batch means, ``'image'`` each image
            on its own. Defaults to 'batch'.
        sync_gate (bool): Average the compared losses over the ranks first,
            so that all ranks open or close together. Defaults to False.
        source (str): See :func:`capture_head`. Defaults to 'cls_seg'.
        init_cfg (dict, optional): Defaults to None.

    Attributes:
        loaded (bool): Whether a checkpoint has given all their weights.

    Raises:
        ValueError: If ``gate`` is unknown, an alpha is negative, or a decoder
            does not show its logits (see ``source``).
    """

    def __init__(self,
                 decode_head: ConfigType,
                 alphas: Sequence[float] = (20., 50.),
                 gate: str = 'batch',
                 sync_gate: bool = False,
                 source: str = 'cls_seg',
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(
            [MODELS.build(copy.deepcopy(decode_head)) for _ in alphas],
            init_cfg)
        # no child module: the children are the decoders
        object.__setattr__(self, 'gate',
                           ErrorSimulationGate(alphas, gate, sync_gate))
        self.source = source
        self.loaded = False
        for decoder in self:
            check_capturable(decoder, source)
        self._register_load_state_dict_pre_hook(
            _note_whole_load, with_module=True)

    def init_weights(self) -> None:
        """Initialise from random numbers that nothing else draws from."""
        with random_numbers_apart():
            super().init_weights()

    def loss(self, feats: Tuple[Tensor], data_samples: SampleList,
             labels: Tensor, main_logits: Tensor,
             train_cfg: Optional[dict]) -> Tuple[Dict[str, Tensor], List]:
        """Gated losses of all decoders and their predictions.

        Args:
            feats (tuple[Tensor]): Features of every level; detached here.
            data_samples (list[SegDataSample]): The labelled samples.
            labels (Tensor): Their label maps, (N, H, W).
            main_logits (Tensor): Logits of the main decoder at the size of
                the labels, (N, C, H, W).
            train_cfg (dict, optional): Passed to the decoders.

        Returns:
            tuple[dict, list[Tensor]]: Losses and figures under
            ``aux_decoder_<k>.``, and the detached logits (N, C, H, W) of
            each decoder at the size of the labels.
        """
        feats = detached(feats)
        losses, all_logits, main_loss = dict(), [], None
        for index, decoder in enumerate(self):
            per_image = self.gate.scope == 'image'
            with capture_head(decoder, self.source) as captured:
                if per_image:
                    output = decoder.forward(feats)
                else:
                    decoder_losses = decoder.loss(feats, data_samples,
                                                  train_cfg)
            logits = resize(
                captured.logits.detach(),
                size=labels.shape[1:],
                mode='bilinear',
                align_corners=decoder.align_corners)
            ignore_index = decoder.ignore_index
            if main_loss is None:
                main_loss = self.gate.measure(main_logits, labels,
                                              ignore_index)
            gate = self.gate(
                index,
                logits,
                labels,
                main_loss=main_loss,
                ignore_index=ignore_index)
            if per_image:
                gated = gated_image_losses(decoder, output, data_samples, gate)
            else:
                gated = {
                    name: value * gate if 'loss' in name else value
                    for name, value in decoder_losses.items()
                }
            losses.update(add_prefix(gated, f'aux_decoder_{index}'))
            losses[f'aux_decoder_{index}.gate'] = gate.mean()
            all_logits.append(logits)
        return losses, all_logits


def _note_whole_load(module: ModuleList, state_dict: Dict[str, Tensor],
                     prefix: str, *args) -> None:
    """Set ``loaded`` if a checkpoint has every weight of the decoders."""
    own = module.state_dict()
    if own and all(
            getattr(state_dict.get(prefix + key), 'shape', None) == value.shape
            for key, value in own.items()):
        module.loaded = True


def gated_image_losses(decoder: BaseModule, output, data_samples: SampleList,
                       gate: Tensor) -> Dict[str, Tensor]:
    """Mean over the images of (gate of the image) x (loss of the image).

    Args:
        decoder (BaseModule): A decode head with ``loss_by_feat``.
        output (Tensor or tuple): What its forward returned for the batch.
        data_samples (list[SegDataSample]): N samples.
        gate (Tensor): 0 or 1 of each image, (N, ).

    Returns:
        dict[str, Tensor]: The losses of the decoder, and its other figures
        averaged over the images without a gate. Images without a label count
        as 0 with a head of one channel, whose stock loss refuses them.
    """

    def image(node, index):
        if isinstance(node, Tensor):
            return node[index:index + 1]
        return type(node)(image(child, index) for child in node)

    totals = dict()
    for index, sample in enumerate(data_samples):
        labels = sample.gt_sem_seg.data
        void = decoder.out_channels == 1 and bool(
            (labels == decoder.ignore_index).all())
        if void:
            sample = sample.clone()
            sample.gt_sem_seg = PixelData(
                data=torch.full_like(labels, int(decoder.ignore_index == 0)))
        for name, value in decoder.loss_by_feat(
                image(output, index), [sample]).items():
            weight = gate[index] if 'loss' in name else 1.
            weight = 0. if void else weight
            totals[name] = totals.get(name, 0.) + weight * value / len(gate)
    return totals
