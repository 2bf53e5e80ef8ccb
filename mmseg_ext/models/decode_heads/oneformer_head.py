from typing import List, Optional, Sequence, Tuple

import torch
import torch.nn.functional as F
from mmseg.models.decode_heads import Mask2FormerHead
from mmseg.registry import MODELS
from mmseg.utils import ConfigType, SampleList
from torch import Tensor

from ..dense_heads.oneformer_head import OneFormerHead as DetOneFormerHead
from ..utils.mask_classification import class_scores, log_shares


@MODELS.register_module(name='OneFormerHead')
class OneFormerSegHead(DetOneFormerHead):
    """:class:`OneFormerHead` for ``EncoderDecoder`` and plain label maps.

    The task is the semantic one, there is one target for each class of an
    image. Everything inside is of mmdet's scope (``'mmdet.CrossEntropyLoss'``
    and so on), as in the configs of mmseg's ``Mask2FormerHead``.

    Args:
        num_classes (int): Classes, two or more.
        class_names (Sequence[str]): Their names, for the texts.
        output (str): ``'score'``: sums of class times mask probability, as of
            mmseg's ``Mask2FormerHead``; they are no logits. ``'log_prob'``:
            the logarithm of their share among the classes, for algorithms
            that take a softmax of the output; the arg-max is the same.
            Defaults to 'score'.
        align_corners (bool): Read by the segmentor. Defaults to False.
        ignore_index (int): Label that is no class. Defaults to 255.
        target_template (str): Text of a class. Defaults to
            'a photo with a {}'.
        filling_text (str): Fills the list up. Defaults to
            'a semantic photo'.
        **kwargs: Arguments of mmdet's :class:`OneFormerHead`.

    Raises:
        ValueError: If there are not as many names as classes, one class
            alone, or ``output`` is none of the two.
    """

    config_field = 'decode_head'

    def __init__(self,
                 num_classes: int,
                 class_names: Sequence[str],
                 output: str = 'score',
                 align_corners: bool = False,
                 ignore_index: int = 255,
                 target_template: str = 'a photo with a {}',
                 filling_text: str = 'a semantic photo',
                 **kwargs) -> None:
        if len(class_names) != num_classes:
            raise ValueError(
                'decode_head.class_names must have num_classes='
                f'{num_classes} names but has {len(class_names)}.')
        if num_classes < 2:
            # the segmentor takes a single map for a logit, not for a score
            raise ValueError('decode_head.num_classes must be 2 or more, the '
                             f'background among them, but is {num_classes}.')
        if output not in ('score', 'log_prob'):
            raise ValueError("decode_head.output must be 'score' or "
                             f"'log_prob' but is {output!r}.")
        super().__init__(
            num_things_classes=0, num_stuff_classes=num_classes, **kwargs)
        self.out_channels = num_classes
        self.class_names = list(class_names)
        self.output = output
        self.align_corners = align_corners
        self.ignore_index = ignore_index
        self.target_template = target_template
        self.filling_text = filling_text

    logits_method = '_predict_sets'
    """What a loss and a prediction both call, see ``capture_head``."""

    _seg_data_to_instance_data = Mask2FormerHead._seg_data_to_instance_data

    def loss(self,
             x: Sequence[Tensor],
             batch_data_samples: SampleList,
             train_cfg: Optional[ConfigType] = None) -> dict:
        """Losses of a batch of label maps.

        Args:
            x (Sequence[Tensor]): Maps of the backbone.
            batch_data_samples (list[SegDataSample]): With ``gt_sem_seg``.
            train_cfg (dict, optional): Unused.

        Returns:
            dict[str, Tensor]: Losses of all layers and ``loss_contrastive``.
        """
        targets, metas = self._seg_data_to_instance_data(batch_data_samples)
        metas = [
            dict(meta, task='semantic', texts=self._texts(target.labels))
            for meta, target in zip(metas, targets)
        ]
        return self.loss_by_targets(x, targets, metas)

    def _texts(self, labels: Tensor) -> List[str]:
        texts = [
            self.target_template.format(self.class_names[label])
            for label in sorted(labels.tolist())
        ][:self.num_texts]
        return texts + [self.filling_text] * (self.num_texts - len(texts))

    def forward(self, x: Sequence[Tensor]) -> Tensor:
        """Scores in the size of the mask features.

        Args:
            x (Sequence[Tensor]): Maps of the backbone.

        Returns:
            Tensor: Shape (B, num_classes, h, w), see ``output``.
        """
        return self._scores(*self._last(x))

    def predict(self, x: Sequence[Tensor], batch_img_metas: List[dict],
                test_cfg: ConfigType) -> Tensor:
        """Scores in the size of the padded images.

        Args:
            x (Sequence[Tensor]): Maps of the backbone.
            batch_img_metas (list[dict]): Their ``pad_shape`` or
                ``img_shape``.
            test_cfg (dict): Its ``mode`` tells where their size is.

        Returns:
            Tensor: Shape (B, num_classes, H, W), see ``output``.
        """
        scores, masks = self._last(x)
        size = self._input_size(masks, batch_img_metas[0], test_cfg)
        masks = F.interpolate(
            masks, size, mode='bilinear', align_corners=False)
        return self._scores(scores, masks)

    def _input_size(self, masks: Tensor, meta: dict,
                    test_cfg: Optional[ConfigType]) -> Tuple[int, int]:
        names = ['pad_shape', 'img_shape']
        if (test_cfg or {}).get('mode') == 'slide':
            # a sliding window writes its size into img_shape alone
            names.reverse()
        sizes = [tuple(meta[name][:2]) for name in names if name in meta]
        stride = self.pixel_decoder.strides[0]
        for size in sizes:
            if tuple(-(-side // stride) for side in size) == masks.shape[2:]:
                return size
        return sizes[0]

    def _last(self, x: Sequence[Tensor]):
        sets, _ = self._predict_sets(x, [['semantic']] * len(x[0]))
        masks = torch.einsum('bqc,bchw->bqhw', sets.mask_embeds[-1],
                             sets.mask_features)
        return sets.cls_scores[-1], masks

    def _scores(self, scores: Tensor, masks: Tensor) -> Tensor:
        found = class_scores(scores, masks)
        return found if self.output == 'score' else log_shares(found)

    def read_logits(self, output) -> Tensor:
        """Log shares of what ``logits_method`` returns, for algorithms.

        Args:
            output (tuple): Of :meth:`_predict_sets`.

        Returns:
            Tensor: Shape (B, num_classes, h, w).
        """
        sets, _ = output
        masks = torch.einsum('bqc,bchw->bqhw', sets.mask_embeds[-1],
                             sets.mask_features)
        return log_shares(class_scores(sets.cls_scores[-1], masks))
