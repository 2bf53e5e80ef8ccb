"""Losses of all prediction sets of a mask transformer in bounded memory.

Shape shorthand: S prediction sets, B images, N queries, C channels, K
classes, G targets of an image, M = min(N, G) matched pairs, P points.
"""
from typing import Dict, List, NamedTuple, Sequence

import torch
from mmcv.ops import point_sample
from mmdet.models.utils import get_uncertain_point_coords_with_randomness
from mmdet.utils import reduce_mean
from mmengine.structures import InstanceData
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from ..utils.logits import full_precision, without_autocast

__all__ = ['MaskSupervisionMixin', 'PredictionSets']


class PredictionSets(NamedTuple):
    """Predictions of all decoder layers, masks in factors.

    Attributes:
        cls_scores (list[Tensor]): Class logits of each set, (B, N, K + 1).
        mask_embeds (list[Tensor]): Mask embeddings of each, (B, N, C).
        mask_features (Tensor): Features, (B, C, h, w). The mask logits of a
            query are the products of its embedding with them.
    """
    cls_scores: List[Tensor]
    mask_embeds: List[Tensor]
    mask_features: Tensor


class _Pairs(NamedTuple):
    """Matched queries and targets of one image, (S, M) each."""
    queries: Tensor
    targets: Tensor


class MaskSupervisionMixin:
    """Losses of mmdet's ``Mask2FormerHead``, with other memory and waiting.

    The same costs, losses and points as there (`Mask2Former
    <https://arxiv.org/abs/2112.01527>`_, section 3.3), but

    - mask logits are made only where a loss reads them: of all queries at
      the points of the matching, of matched queries everywhere. The memory of
      deep supervision grows with the targets, not with the queries;
    - the cost matrices of all sets and images go to the host in one copy.

    The head has ``assigner``, ``loss_cls``, ``loss_mask``, ``loss_dice`` and
    the numbers of points of mmdet's head.
    """

    def loss_by_sets(self, sets: PredictionSets, targets: List[InstanceData],
                     img_metas: List[dict]) -> Dict[str, Tensor]:
        """Losses of all sets, in float32 also under autocast.

        Args:
            sets (PredictionSets): The predictions.
            targets (list[InstanceData]): ``labels`` (G, ) and ``masks``
                (G, H, W) of each image.
            img_metas (list[dict]): Meta information of each image.

        Returns:
            dict[str, Tensor]: ``loss_cls``, ``loss_mask`` and ``loss_dice``
            of the last set, and those of set i as ``d<i>.loss_cls`` etc.

        Raises:
            ValueError: If costs are not finite.
        """
        with without_autocast(sets.mask_features):
            cls_scores = full_precision(torch.stack(sets.cls_scores))
            embeds = full_precision(torch.stack(sets.mask_embeds))
            features = full_precision(sets.mask_features)
            masks = [
                target.masks.to(features.dtype) if len(target.masks) else None
                for target in targets
            ]
            pairs = self._match(cls_scores.detach(), embeds.detach(),
                                features.detach(), targets, masks, img_metas)
            number = features.new_full(
                (), float(sum(pair.queries.shape[1] for pair in pairs)))
            # on every rank, whatever its targets
            number = reduce_mean(number).clamp(min=1)
            points = self._points(embeds, features, masks, pairs)
            class_weight = torch.tensor(
                self.class_weight, dtype=features.dtype)
            class_weight = class_weight.to(features.device, non_blocking=True)
            losses = {}
            last = len(cls_scores) - 1
            for index, scores in enumerate(cls_scores):
                prefix = '' if index == last else f'd{index}.'
                losses[f'{prefix}loss_cls'] = self._class_loss(
                    scores, class_weight, targets,
                    [pair.queries[index] for pair in pairs],
                    [pair.targets[index] for pair in pairs])
                if points is None:
                    # no target: a zero that every parameter takes part in
                    zero = embeds[index, :, :0].sum() + features[:, :0].sum()
                    losses[f'{prefix}loss_mask'] = zero
                    losses[f'{prefix}loss_dice'] = zero
                    continue
                logits, truth = (x[index] for x in points)
                losses[f'{prefix}loss_mask'] = self.loss_mask(
                    logits.flatten(),
                    truth.flatten(),
                    avg_factor=number * self.num_points)
                losses[f'{prefix}loss_dice'] = self.loss_dice(
                    logits, truth, avg_factor=number)
        return losses

    @torch.no_grad()
    def _match(self, cls_scores: Tensor, embeds: Tensor, features: Tensor,
               targets: Sequence[InstanceData], masks: Sequence[Tensor],
               img_metas: Sequence[dict]) -> List[_Pairs]:
        """Hungarian matching of every set and image."""
        num_sets = len(cls_scores)
        costs, shapes = [], []
        for image, (target, mask) in enumerate(zip(targets, masks)):
            for index in range(num_sets if mask is not None else 0):
                points = torch.rand((1, self.num_points, 2),
                                    dtype=features.dtype,
                                    device=features.device)
                logits = embeds[index, image] @ point_sample(
                    features[image:image + 1], points)[0]
                predicted = InstanceData(
                    scores=cls_scores[index, image], masks=logits)
                wanted = InstanceData(
                    labels=target.labels,
                    masks=point_sample(mask[None], points)[0])
                cost = sum(
                    match_cost(
                        pred_instances=predicted,
                        gt_instances=wanted,
                        img_meta=img_metas[image])
                    for match_cost in self.assigner.match_costs)
                costs.append(cost.flatten())
                shapes.append((image, cost.shape))
        found = [[] for _ in targets]
        if costs:
            lengths = [len(cost) for cost in costs]
            # the one wait for the device
            on_host = torch.cat(costs).cpu().split(lengths)
            for (image, shape), cost in zip(shapes, on_host):
                found[image].append(
                    _assign(cost.view(shape), img_metas[image]))
        pairs = []
        for image in range(len(targets)):
            if not found[image]:
                empty = torch.zeros((num_sets, 0),
                                    dtype=torch.long,
                                    device=features.device)
                pairs.append(_Pairs(empty, empty))
                continue
            rows = torch.stack([torch.stack(pair) for pair in found[image]])
            rows = rows.to(features.device, non_blocking=True)
            pairs.append(_Pairs(rows[:, 0], rows[:, 1]))
        return pairs

    def _points(self, embeds: Tensor, features: Tensor,
                masks: Sequence[Tensor], pairs: Sequence[_Pairs]):
        """Mask logits and targets at the points of the losses.

        Returns:
            tuple[Tensor] or None: Two of shape (S, pairs of all images, P).
        """
        logits, truths = [], []
        for image, (mask, pair) in enumerate(zip(masks, pairs)):
            if mask is None:
                continue
            num_sets, num_pairs = pair.queries.shape
            rows = torch.arange(num_sets, device=embeds.device)[:, None]
            chosen = embeds[rows, image, pair.queries]
            predicted = (
                chosen.flatten(0, 1) @ features[image].flatten(1)).unflatten(
                    1, features.shape[2:])[:, None]
            with torch.no_grad():
                points = torch.stack([
                    get_uncertain_point_coords_with_randomness(
                        part, None, self.num_points, self.oversample_ratio,
                        self.importance_sample_ratio)
                    for part in predicted.detach().split(num_pairs)
                ])
                truths.append(_sample_targets(mask, points, pair.targets))
            logits.append(
                point_sample(predicted,
                             points.flatten(0,
                                            1)).view(num_sets, num_pairs, -1))
        if not logits:
            return None
        return torch.cat(logits, dim=1), torch.cat(truths, dim=1)

    def _class_loss(self, scores: Tensor, class_weight: Tensor,
                    targets: Sequence[InstanceData], queries: Sequence[Tensor],
                    matched: Sequence[Tensor]) -> Tensor:
        labels = torch.full(
            scores.shape[:2],
            self.num_classes,
            dtype=torch.long,
            device=scores.device)
        for row, target, query, index in zip(labels, targets, queries,
                                             matched):
            row[query] = target.labels[index]
        labels = labels.flatten()
        return self.loss_cls(
            scores.flatten(0, 1),
            labels,
            torch.ones_like(labels, dtype=scores.dtype),
            avg_factor=class_weight[labels].sum())


def _assign(cost: Tensor, img_meta: dict):
    """Queries and targets of one Hungarian matching, by target."""
    try:
        queries, targets = linear_sum_assignment(cost.numpy())
    except ValueError as error:
        raise ValueError(
            'The matching costs of the image '
            f'{img_meta.get("img_path", "unknown")} are not finite '
            f'({error}); the predictions have diverged.') from error
    queries, targets = torch.from_numpy(queries), torch.from_numpy(targets)
    order = targets.argsort()
    return queries[order], targets[order]


def _sample_targets(mask: Tensor, points: Tensor, targets: Tensor) -> Tensor:
    """Target masks (G, H, W) at the points (S, M, P, 2) of their pairs."""
    num_sets, num_pairs, num_points, _ = points.shape
    if num_pairs == len(mask):
        # pairs are in the order of the targets: no mask is copied
        folded = points.transpose(0, 1).flatten(1, 2)
        truth = point_sample(mask[:, None], folded)
        return truth.view(num_pairs, num_sets, num_points).transpose(0, 1)
    return torch.stack([
        point_sample(mask[index][:, None], part)[:, 0]
        for index, part in zip(targets, points)
    ])
