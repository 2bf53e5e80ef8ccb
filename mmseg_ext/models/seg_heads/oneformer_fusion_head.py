"""From queries to the three kinds of segmentation.

Shape shorthand: N queries, K classes, H x W the image.
"""
from typing import List, Optional, Sequence

import torch
import torch.nn.functional as F
from mmdet.evaluation.functional import INSTANCE_OFFSET
from mmdet.models.seg_heads.panoptic_fusion_heads import MaskFormerFusionHead
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmengine.structures import InstanceData, PixelData
from torch import Tensor

_RESULTS = dict(
    panoptic='pan_results', instance='ins_results', semantic='sem_results')


@MODELS.register_module()
class OneFormerFusionHead(MaskFormerFusionHead):
    """mmdet's ``MaskFormerFusionHead`` for any place of the things among the
    classes, with semantic segmentation and without a loop over queries.

    Stuff segments have an instance number too: the panoptic metric keeps id
    0 for void, where a stuff class 0 would vanish. A query that owns no pixel
    above one half makes no segment, as in the official code.

    Args:
        num_things_classes (int): Classes that are counted. Defaults to 80.
        num_stuff_classes (int): Other classes. Defaults to 53.
        thing_classes (Sequence[int], optional): Ids of the things. Defaults
            to None, the first ones.
        test_cfg (dict, optional): ``object_mask_thr`` (0.8), ``iou_thr``
            (0.8), ``filter_low_score`` (True) and ``max_per_image`` (100).
            Defaults to None.
        **kwargs: Arguments of mmdet's head.

    Raises:
        ValueError: If the ids are not ``num_things_classes`` classes.
    """

    def __init__(self,
                 num_things_classes: int = 80,
                 num_stuff_classes: int = 53,
                 thing_classes: Optional[Sequence[int]] = None,
                 test_cfg: Optional[dict] = None,
                 **kwargs) -> None:
        super().__init__(
            num_things_classes, num_stuff_classes, test_cfg=test_cfg, **kwargs)
        if thing_classes is None:
            thing_classes = range(num_things_classes)
        things = sorted(set(thing_classes))
        if len(things) != num_things_classes or not all(
                0 <= thing < self.num_classes for thing in things):
            raise ValueError(
                'panoptic_fusion_head.thing_classes must be '
                f'num_things_classes={num_things_classes} of the classes 0 to '
                f'{self.num_classes - 1} but is {list(thing_classes)}.')
        is_thing = torch.zeros(self.num_classes + 1, dtype=torch.bool)
        is_thing[things] = True
        # the stock code takes the first classes for things
        order = is_thing[:-1].logical_not().long().argsort(stable=True)
        order = torch.cat([order, order.new_tensor([self.num_classes])])
        self.register_buffer('is_thing', is_thing, persistent=False)
        self.register_buffer('things_first', order, persistent=False)

    def panoptic_postprocess(self, mask_cls: Tensor,
                             mask_pred: Tensor) -> PixelData:
        """Panoptic segmentation of one image.

        Args:
            mask_cls (Tensor): Class logits, (N, K + 1).
            mask_pred (Tensor): Mask logits, (N, H, W).

        Returns:
            PixelData: ``sem_seg`` (1, H, W), int32: class + 1000 * number,
            or K for void.
        """
        cfg = self.test_cfg or {}
        scores, labels = mask_cls.float().softmax(-1).max(-1)
        kept = labels.ne(self.num_classes) & (
            scores > cfg.get('object_mask_thr', 0.8))
        scores, labels = scores[kept], labels[kept]
        masks = mask_pred[kept].float().sigmoid()
        size, number = masks.shape[-2:], len(labels)
        void = torch.full(
            size, self.num_classes, dtype=torch.int32, device=masks.device)
        if number == 0:
            return PixelData(sem_seg=void[None])
        owner = (scores[:, None, None] * masks).argmax(0)
        inside = masks.gather(0, owner[None])[0] >= 0.5
        area = torch.bincount(owner.flatten(), minlength=number)
        inner = torch.bincount(owner[inside], minlength=number)
        whole = (masks >= 0.5).flatten(1).sum(1)
        good = (inner > 0) & (whole > 0) & (
            area >= cfg.get('iou_thr', 0.8) * whole)
        countable = good & self.is_thing[labels]
        ids = torch.where(countable, countable.cumsum(0), 1)
        ids = (labels + INSTANCE_OFFSET * ids).int()
        drawn = good[owner]
        if cfg.get('filter_low_score', True):
            drawn = drawn & inside
        return PixelData(sem_seg=torch.where(drawn, ids[owner], void)[None])

    def instance_postprocess(self, mask_cls: Tensor,
                             mask_pred: Tensor) -> InstanceData:
        """Instance segmentation of one image.

        Args:
            mask_cls (Tensor): Class logits, (N, K + 1).
            mask_pred (Tensor): Mask logits, (N, H, W).

        Returns:
            InstanceData: ``bboxes``, ``labels``, ``scores`` and ``masks``.
        """
        results = super().instance_postprocess(
            mask_cls.float()[:, self.things_first], mask_pred.float())
        results.labels = self.things_first[results.labels]
        return results

    def semantic_postprocess(self, mask_cls: Tensor,
                             mask_pred: Tensor) -> PixelData:
        """Semantic segmentation of one image.

        Args:
            mask_cls (Tensor): Class logits, (N, K + 1).
            mask_pred (Tensor): Mask logits, (N, H, W).

        Returns:
            PixelData: ``sem_seg`` (1, H, W), int64.
        """
        scores = mask_cls.float().softmax(-1)[:, :-1]
        masks = mask_pred.float().sigmoid()
        classes = torch.einsum('qk,qhw->khw', scores, masks)
        return PixelData(sem_seg=classes.argmax(0, keepdim=True))

    def predict(self,
                mask_cls_results: Tensor,
                mask_pred_results: Tensor,
                batch_data_samples: SampleList,
                rescale: bool = False,
                tasks: Sequence[str] = ('panoptic', ),
                **kwargs) -> List[dict]:
        """Results of a batch.

        Args:
            mask_cls_results (Tensor): Class logits, (B, N, K + 1).
            mask_pred_results (Tensor): Mask logits in the size of the padded
                input.
            batch_data_samples (list[DetDataSample]): The samples.
            rescale (bool): Whether to give results in the size of the image
                file. Defaults to False.
            tasks (Sequence[str]): What to make of the queries. Defaults to
                ('panoptic', ).

        Returns:
            list[dict]: Of each image ``pan_results``, ``ins_results`` and
            ``sem_results``, as asked for.
        """
        results = []
        for scores, masks, sample in zip(mask_cls_results, mask_pred_results,
                                         batch_data_samples):
            meta = sample.metainfo
            height, width = meta['img_shape'][:2]
            masks = masks[None, :, :height, :width]
            if rescale:
                masks = F.interpolate(
                    masks,
                    tuple(meta['ori_shape'][:2]),
                    mode='bilinear',
                    align_corners=False)
            results.append({
                _RESULTS[task]:
                getattr(self, f'{task}_postprocess')(scores, masks[0])
                for task in tasks
            })
        return results
