from typing import Tuple

import torch
from mmseg.models.utils import resize
from torch import Tensor, nn

from ...models.utils.heads import forward_decode_head
from ...models.utils.logits import two_channel_logits
from ...models.utils.mask_classification import prediction_logits
from ...models.utils.segmentor_levels import SegmentorLevels


class ConfidenceMaps:
    """Class and confidence of each pixel, by any segmentor or algorithm.

    Args:
        model (nn.Module): In eval mode.
        upsample (str): ``'probability'`` upsamples the softmax from the grid
            of the decode head to the size of the network's input, which needs
            ``test_cfg.mode='whole'``; ``'logits'`` takes the scores of the
            model's prediction at the size of the image.

    Raises:
        ValueError: If the inference of the model is not by whole images.
    """

    def __init__(self, model: nn.Module, upsample: str) -> None:
        self.model = model
        self.segmentor = getattr(model, 'predictor', model)
        self.upsample = upsample
        self.num_classes = max(model.num_classes, 2)
        mode = (self.segmentor.test_cfg or {}).get('mode', 'whole')
        if upsample == 'probability':
            if mode != 'whole':
                raise ValueError(
                    f"model.test_cfg.mode is {mode!r}, but probabilities are "
                    'upsampled of whole images: give --upsample logits.')
            self.levels = SegmentorLevels(self.segmentor)
            self.levels.watch('decode_head')

    @torch.no_grad()
    def __call__(self, batch: dict) -> Tuple[Tensor, Tensor]:
        """Predict one image.

        Args:
            batch (dict): A batch of one, as a data loader gives it.

        Returns:
            tuple[Tensor, Tensor]: Classes, int64 (h, w), and confidences in
            [0, 1], float32 of the same shape.
        """
        if self.upsample == 'logits':
            scores = self.model.test_step(batch)[0].seg_logits.data.float()
            if len(scores) == 1:  # stock segmentors give the probability
                prob = torch.cat([1 - scores, scores])
            else:
                prob = prediction_logits(self.segmentor.decode_head,
                                         scores).softmax(0)
        else:
            prob = self._upsampled_probability(batch)
        confidence, labels = prob.max(0)
        return labels, confidence

    def _upsampled_probability(self, batch: dict) -> Tensor:
        height, width = batch['inputs'][0].shape[1:]
        data = self.model.data_preprocessor(batch, False)
        with self.levels.capture() as captured:
            feats = self.segmentor.extract_feat(data['inputs'])
            forward_decode_head(self.segmentor, feats)
        prob = two_channel_logits(captured['decode_head'].float()).softmax(1)
        head = self.levels.head('decode_head')
        prob = resize(
            prob,
            size=data['inputs'].shape[2:],
            mode='bilinear',
            align_corners=head.align_corners)
        # without what the preprocessor has padded
        return prob[0, :, :height, :width]
