"""Head of OneFormer.

Shape shorthand: B images, T tasks, N queries of a task, C channels, K
classes, h x w the size of the mask features.
"""
import copy
from typing import Dict, Iterator, List, Optional, Sequence, Tuple, Union

import torch
import torch.nn.functional as F
from mmcv.cnn.bricks.transformer import MultiScaleDeformableAttention
from mmdet.models.dense_heads import Mask2FormerHead
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmdet.utils import ConfigType, InstanceList
from mmengine.config import ConfigDict
from mmengine.model import caffe2_xavier_init
from mmengine.structures import InstanceData
from torch import Tensor, nn

from ..layers.deformable_attention import QuickDeformableAttention
from ..layers.oneformer_layers import (MaskedTransformerDecoder,
                                       QueryTransformer,
                                       UnpaddedSinePositionalEncoding)
from ..text_encoders.text_tokens import token_ids
from ..utils.logits import without_autocast
from .mask_supervision import MaskSupervisionMixin, PredictionSets

TASKS = ('panoptic', 'instance', 'semantic')


@MODELS.register_module()
class OneFormerHead(MaskSupervisionMixin, Mask2FormerHead):
    """Mask2Former's head, told by a sentence which task to solve.

    `OneFormer <https://arxiv.org/abs/2211.06220>`_. The token ids of "the
    task is <task>" become a task token; a small transformer makes N - 1
    object queries of it that look at the mask features, and the token itself
    is the last query. In training the queries are pulled towards text queries
    of the targets. Pixel decoder, decoder layers, matching and losses are
    mmdet's.

    Differences to ``Mask2FormerHead`` that change no result: attention
    without the matrix of its weights, several tasks in one pass that share
    keys and values, attention masks from features of their own size, and
    mask logits only where they are read (:class:`MaskSupervisionMixin`).

    Args:
        in_channels (Sequence[int]): Channels of the backbone's maps.
        feat_channels (int): Channels C. Defaults to 256.
        out_channels (int): Channels of the mask features; equal to
            ``feat_channels``. Defaults to 256.
        num_things_classes (int): Classes that are counted. Defaults to 80.
        num_stuff_classes (int): Other classes. Defaults to 53.
        num_queries (int): Queries N, the task token among them. Defaults to
            150.
        task_encoder (dict): ``seq_len``, the tokens of the sentence. Defaults
            to ``dict(seq_len=77)``.
        query_transformer (dict): ``num_layers`` and ``dropout`` of the
            transformer that makes the queries; its widths are those of
            ``transformer_decoder``. Defaults to
            ``dict(num_layers=2, dropout=0.1)``.
        query_value (str): What its cross-attention reads. ``'position'``, as
            the released weights were trained: values are the position
            encoding, the features are in the keys alone. ``'features'``: the
            features, as the paper draws it. Defaults to 'position'.
        text_mapper (dict, optional): Arguments of
            :class:`OneFormerTextMapper`. None makes a head that only
            predicts. Defaults to ``dict(type='mmseg.OneFormerTextMapper')``.
        loss_contrastive (dict): Arguments of
            :class:`QueryTextContrastiveLoss`. Defaults to
            ``dict(type='mmseg.QueryTextContrastiveLoss')``.
        loss_cls (dict, optional): The loss of the classes, with a weight of
            each and of no object in ``class_weight``. Defaults to None,
            cross entropy times 2 with weights of 1 and 0.1.
        loss_mask (dict, optional): Defaults to None, binary cross entropy
            times 5.
        loss_dice (dict, optional): Defaults to None, Dice times 5.
        **kwargs: Arguments of mmdet's ``Mask2FormerHead``.

    Raises:
        ValueError: If widths or numbers do not fit each other.
    """

    config_field = 'panoptic_head'
    """Where it stands in the config of a model."""

    def __init__(self,
                 in_channels: Sequence[int],
                 feat_channels: int = 256,
                 out_channels: int = 256,
                 num_things_classes: int = 80,
                 num_stuff_classes: int = 53,
                 num_queries: int = 150,
                 task_encoder: dict = dict(seq_len=77),
                 query_transformer: dict = dict(num_layers=2, dropout=0.1),
                 query_value: str = 'position',
                 text_mapper: Optional[ConfigType] = dict(
                     type='mmseg.OneFormerTextMapper'),
                 loss_contrastive: ConfigType = dict(
                     type='mmseg.QueryTextContrastiveLoss'),
                 loss_cls: Optional[ConfigType] = None,
                 loss_mask: Optional[ConfigType] = None,
                 loss_dice: Optional[ConfigType] = None,
                 transformer_decoder: ConfigType = ...,
                 positional_encoding: ConfigType = dict(
                     num_feats=128, normalize=True),
                 **kwargs) -> None:
        if out_channels != feat_channels:
            raise ValueError(
                f'{self.config_field}.out_channels must be feat_channels='
                f'{feat_channels} but is {out_channels}.')
        if query_value not in ('position', 'features'):
            raise ValueError(
                f"{self.config_field}.query_value must be 'position' or "
                f"'features' but is {query_value!r}.")
        num_classes = num_things_classes + num_stuff_classes
        if loss_cls is None:
            loss_cls = dict(
                type='mmdet.CrossEntropyLoss',
                loss_weight=2.0,
                class_weight=[1.0] * num_classes + [0.1])
        weights = loss_cls.get('class_weight') or ()
        if len(weights) != num_classes + 1:
            raise ValueError(
                f'{self.config_field}.loss_cls.class_weight must have '
                f'{num_classes + 1} numbers, one for each class and one for '
                f'no object, but has {len(weights)}.')
        kwargs = ConfigDict(kwargs)
        transformer_decoder = ConfigDict(copy.deepcopy(transformer_decoder))
        super().__init__(
            in_channels=list(in_channels),
            feat_channels=feat_channels,
            out_channels=out_channels,
            num_things_classes=num_things_classes,
            num_stuff_classes=num_stuff_classes,
            num_queries=num_queries,
            loss_cls=ConfigDict(loss_cls),
            loss_mask=loss_mask or dict(
                type='mmdet.CrossEntropyLoss',
                use_sigmoid=True,
                loss_weight=5.0),
            loss_dice=loss_dice or dict(
                type='mmdet.DiceLoss',
                use_sigmoid=True,
                activate=True,
                naive_dice=True,
                eps=1.0,
                loss_weight=5.0),
            transformer_decoder=transformer_decoder,
            positional_encoding=positional_encoding,
            **kwargs)
        if self.decoder_embed_dims != feat_channels:
            raise ValueError(
                f'{self.config_field}.transformer_decoder must be as wide as '
                f'feat_channels={feat_channels} but has '
                f'{self.decoder_embed_dims} channels.')
        # queries come from the task, not from a table
        del self.query_feat
        self.transformer_decoder = MaskedTransformerDecoder(
            num_queries, **copy.deepcopy(transformer_decoder))
        self.decoder_positional_encoding = UnpaddedSinePositionalEncoding(
            **positional_encoding)
        stock = self.pixel_decoder.postional_encoding
        self.pixel_decoder.postional_encoding = UnpaddedSinePositionalEncoding(
            stock.num_feats, stock.temperature, stock.normalize, stock.scale,
            stock.eps, stock.offset)
        for layer in self.pixel_decoder.encoder.layers:
            layer.self_attn = QuickDeformableAttention(**layer.self_attn_cfg)
        self.seq_len = task_encoder['seq_len']
        self.task_encoder = nn.Sequential(
            nn.Linear(self.seq_len, feat_channels), nn.ReLU(inplace=True),
            nn.Linear(feat_channels, feat_channels))
        self.query_value = query_value
        self.query_transformer = QueryTransformer(
            num_queries - 1,
            num_layers=query_transformer['num_layers'],
            layer_cfg=_with_dropout(transformer_decoder.layer_cfg,
                                    query_transformer['dropout']),
            return_intermediate=False)
        self.query_input_proj = nn.Conv2d(out_channels, feat_channels, 1)
        self.text_mapper = self.loss_contrastive = None
        if text_mapper is not None:
            self.text_mapper = MODELS.build(
                dict(dict(type='mmseg.OneFormerTextMapper'), **text_mapper))
            self.loss_contrastive = MODELS.build(
                dict(
                    dict(type='mmseg.QueryTextContrastiveLoss'),
                    **loss_contrastive))
            self._check_text_mapper()

    def _check_text_mapper(self) -> None:
        width = self.text_mapper.width
        if width != self.decoder_embed_dims:
            raise ValueError(
                f'{self.config_field}.text_mapper.width must be feat_channels='
                f'{self.decoder_embed_dims} but is {width}.')
        if self.text_mapper.num_ctx >= self.num_queries:
            raise ValueError(
                f'{self.config_field}.text_mapper.num_ctx must be less than '
                f'num_queries={self.num_queries} but is '
                f'{self.text_mapper.num_ctx}.')

    @property
    def num_texts(self) -> int:
        """int: Sentences of each image in training."""
        return self.num_queries - self.text_mapper.num_ctx

    def init_weights(self) -> None:
        """Initialise as the official code: uniform Xavier."""
        super().init_weights()
        encoder = self.pixel_decoder.encoder
        for module in (self.transformer_decoder, self.query_transformer,
                       encoder):
            for parameter in module.parameters():
                if parameter.dim() > 1:
                    nn.init.xavier_uniform_(parameter)
        for module in encoder.modules():
            if isinstance(module, MultiScaleDeformableAttention):
                module.init_weights()
        caffe2_xavier_init(self.query_input_proj, bias=0)

    def task_tokens(self, tasks: Sequence[Sequence[str]]) -> Tensor:
        """Tokens of tasks, ahead of the norm.

        The token ids enter as numbers, in float32: neighbouring ids are one
        number in half precision.

        Args:
            tasks (Sequence[Sequence[str]]): T tasks for each of B images.

        Returns:
            Tensor: Shape (B, T, C).
        """
        weight = self.task_encoder[0].weight
        names = tuple(dict.fromkeys(task for row in tasks for task in row))
        ids = token_ids([f'the task is {name}' for name in names],
                        self.seq_len)
        rows = torch.tensor([[names.index(task) for task in row]
                             for row in tasks])
        with without_autocast(weight):
            ids = ids.to(weight.device, weight.dtype, non_blocking=True)
            rows = rows.to(weight.device, non_blocking=True)
            return F.embedding(rows, self.task_encoder(ids))

    def encode_pixels(self, x: Sequence[Tensor]):
        """Pixel decoder, in float32 also under autocast.

        Args:
            x (Sequence[Tensor]): Maps of the backbone.

        Returns:
            tuple: Mask features (B, C, h, w), and three maps, low resolution
            first.
        """
        with without_autocast(x[0]):
            dtype = self.query_embed.weight.dtype
            return self.pixel_decoder([level.to(dtype) for level in x])

    def make_queries(self, mask_features: Tensor,
                     tasks: Sequence[Sequence[str]]) -> Tensor:
        """Queries of each task, the task token last.

        Args:
            mask_features (Tensor): (B, C, h, w).
            tasks (Sequence[Sequence[str]]): T tasks for each of B images.

        Returns:
            Tensor: Shape (B, T, N, C).
        """
        token = self.transformer_decoder.post_norm(self.task_tokens(tasks))
        batch, num_tasks, _ = token.shape
        position = self._position(mask_features.shape[-2:],
                                  mask_features.device, mask_features.dtype)
        features = self.query_input_proj(mask_features)
        features = features.flatten(2).transpose(1, 2)
        query = token[:, :, None].expand(-1, -1, self.num_queries - 1, -1)
        # the released weights read positions: features are in the keys alone
        swapped = self.query_value == 'position'
        query = self.query_transformer(
            query=query.flatten(1, 2),
            key=position if swapped else features,
            value=position if swapped else features,
            query_pos=self.query_embed.weight[:-1].repeat(num_tasks, 1)[None],
            key_pos=features if swapped else position,
            key_padding_mask=None)[0]
        query = query.view(batch, num_tasks, self.num_queries - 1, -1)
        return torch.cat((query, token[:, :, None].to(query.dtype)), dim=2)

    def _position(self, size: Sequence[int], device, dtype) -> Tensor:
        mask = torch.empty((1, *size), dtype=torch.bool, device=device)
        position = self.decoder_positional_encoding(mask)
        return position.flatten(2).transpose(1, 2).to(dtype)

    def decode(self, query: Tensor, mask_features: Tensor,
               maps: Sequence[Tensor]) -> PredictionSets:
        """Masked-attention decoder of Mask2Former.

        Args:
            query (Tensor): (B, T, N, C).
            mask_features (Tensor): (B, C, h, w).
            maps (Sequence[Tensor]): Maps of the pixel decoder.

        Returns:
            PredictionSets: Predictions ahead of the decoder and behind each
            of its layers, of all T * N queries.
        """
        num_tasks = query.shape[1]
        query = query.flatten(1, 2)
        query_pos = self.query_embed.weight.repeat(num_tasks, 1)[None]
        keys, positions, features = [], [], []
        for index, level in enumerate(maps):
            size = level.shape[-2:]
            level = self.decoder_input_projs[index](level)
            level = level.flatten(2).transpose(1, 2)
            keys.append(level + self.level_embed.weight[index])
            positions.append(self._position(size, level.device, level.dtype))
            # resizing and the product with an embedding commute
            features.append(
                F.interpolate(
                    mask_features.detach(),
                    size,
                    mode='bilinear',
                    align_corners=False).flatten(2))
        scores, embeds = [], []
        layers = self.transformer_decoder.layers
        for index in range(len(layers) + 1):
            normed = self.transformer_decoder.post_norm(query)
            scores.append(self.cls_embed(normed))
            embeds.append(self.mask_embed(normed))
            if index == len(layers):
                break
            level = index % len(keys)
            query = layers[index](
                query,
                key=keys[level],
                value=keys[level],
                query_pos=query_pos,
                key_pos=positions[level],
                cross_attn_mask=_attended(embeds[-1], features[level]))
        return PredictionSets(scores, embeds, mask_features)

    def forward(
        self,
        x: Sequence[Tensor],
        batch_data_samples: Optional[SampleList] = None
    ) -> Tuple[List[Tensor]]:
        """Predictions of all layers for the task of each sample.

        Args:
            x (Sequence[Tensor]): Maps of the backbone.
            batch_data_samples (list[DetDataSample], optional): Samples, whose
                meta information may have a ``task``. Defaults to None, the
                panoptic task.

        Returns:
            tuple[list[Tensor]]: Class logits (B, N, K + 1) and mask logits
            (B, N, h, w) of each layer.
        """
        samples = batch_data_samples or [None] * len(x[0])
        tasks = [[
            'panoptic' if sample is None else sample.metainfo.get(
                'task', 'panoptic')
        ] for sample in samples]
        sets, _ = self._predict_sets(x, tasks)
        masks = [_mask_logits(e, sets.mask_features) for e in sets.mask_embeds]
        return sets.cls_scores, masks

    def _predict_sets(self, x: Sequence[Tensor],
                      tasks: Sequence[Sequence[str]]):
        mask_features, maps = self.encode_pixels(x)
        query = self.make_queries(mask_features, tasks)
        return self.decode(query, mask_features, maps), query

    def loss(self, x: Sequence[Tensor],
             batch_data_samples: SampleList) -> Dict[str, Tensor]:
        """Losses of a batch.

        Args:
            x (Sequence[Tensor]): Maps of the backbone.
            batch_data_samples (list[DetDataSample]): Samples with
                ``gt_instances``, and with ``task`` and ``texts`` in their
                meta information.

        Returns:
            dict[str, Tensor]: Losses of all layers and ``loss_contrastive``.

        Raises:
            ValueError: If task or texts are missing, or there are not as
                many texts as the model has text queries.
        """
        metas = [sample.metainfo for sample in batch_data_samples]
        targets = self.preprocess_gt(
            [sample.gt_instances for sample in batch_data_samples],
            [sample.get('gt_sem_seg') for sample in batch_data_samples])
        return self.loss_by_targets(x, targets, metas)

    def loss_by_targets(self, x: Sequence[Tensor], targets: InstanceList,
                        metas: Sequence[dict]) -> Dict[str, Tensor]:
        """Losses of a batch whose targets are made.

        Args:
            x (Sequence[Tensor]): Maps of the backbone.
            targets (list[InstanceData]): ``labels`` and ``masks`` of images.
            metas (Sequence[dict]): ``task`` and ``texts`` of each image.

        Returns:
            dict[str, Tensor]: As of :meth:`loss`.
        """
        self._check_metas(metas)
        sets, query = self._predict_sets(x, [[meta['task']] for meta in metas])
        losses = self.loss_by_sets(sets, targets, metas)
        texts = self.text_mapper([meta['texts'] for meta in metas])
        losses['loss_contrastive'] = self.loss_contrastive(query[:, 0], texts)
        return losses

    def _check_metas(self, metas: Sequence[dict]) -> None:
        if self.text_mapper is None:
            raise ValueError(f'{self.config_field}.text_mapper is None, but '
                             'training needs one.')
        if not self.train_cfg:
            raise ValueError(
                'OneFormerHead is without train_cfg, but training needs one: '
                'set model.train_cfg of OneFormer, or decode_head.train_cfg '
                'behind EncoderDecoder.')
        for meta in metas:
            if 'task' not in meta or 'texts' not in meta:
                raise ValueError(
                    'OneFormerHead needs the task and the texts of each '
                    'training image: put SampleSegmentationTask into the '
                    "pipeline, and 'task' and 'texts' into the meta_keys of "
                    'PackDetInputs.')
            if len(meta['texts']) != self.num_texts:
                raise ValueError(
                    'SampleSegmentationTask.num_texts must be '
                    f'{self.config_field}.num_queries={self.num_queries} less '
                    f'text_mapper.num_ctx={self.text_mapper.num_ctx}, so '
                    f'{self.num_texts}, but is {len(meta["texts"])}.')

    def preprocess_gt(self, batch_gt_instances: InstanceList,
                      batch_gt_semantic_segs: List) -> InstanceList:
        """Targets of a batch.

        Args:
            batch_gt_instances (list[InstanceData]): ``labels`` (G, ) and
                ``masks``, as ``SampleSegmentationTask`` makes them.
            batch_gt_semantic_segs (list): Must be None each: stuff is among
                the instances.

        Returns:
            list[InstanceData]: The same, masks as uint8 tensors (G, H, W).
        """
        targets = []
        for instances, sem_seg in zip(batch_gt_instances,
                                      batch_gt_semantic_segs):
            if sem_seg is not None:
                raise ValueError(
                    'A training sample has a gt_seg_map beside its targets; '
                    'put SampleSegmentationTask ahead of PackDetInputs.')
            labels = instances.labels
            masks = instances.masks.to_tensor(torch.uint8, labels.device)
            targets.append(InstanceData(labels=labels, masks=masks))
        return targets

    def predict(
        self,
        x: Sequence[Tensor],
        batch_data_samples: SampleList,
        tasks: Union[str, Sequence[str]] = TASKS
    ) -> Iterator[Tuple[str, Tensor, Tensor]]:
        """Predict tasks in one pass; backbone and pixel decoder are shared.

        Args:
            x (Sequence[Tensor]): Maps of the backbone.
            batch_data_samples (list[DetDataSample]): Samples.
            tasks (str or Sequence[str]): The tasks. Defaults to all three.

        Yields:
            tuple: A task, its class logits (B, N, K + 1), and its mask logits
            (B, N, H, W) in the size of the padded input.
        """
        tasks = (tasks, ) if isinstance(tasks, str) else tuple(tasks)
        sets, _ = self._predict_sets(x, [tasks] * len(x[0]))
        size = batch_data_samples[0].metainfo['batch_input_shape']
        scores = sets.cls_scores[-1].chunk(len(tasks), dim=1)
        embeds = sets.mask_embeds[-1].chunk(len(tasks), dim=1)
        for task, score, embed in zip(tasks, scores, embeds):
            masks = _mask_logits(embed, sets.mask_features)
            masks = F.interpolate(
                masks, tuple(size), mode='bilinear', align_corners=False)
            yield task, score, masks


def _mask_logits(embeds: Tensor, features: Tensor) -> Tensor:
    return torch.einsum('bqc,bchw->bqhw', embeds, features)


@torch.no_grad()
def _attended(embeds: Tensor, features: Tensor) -> Tensor:
    """Keys that each query attends to, bool of shape (B, 1, queries, L)."""
    mask = embeds.detach() @ features.to(embeds.dtype) >= 0
    # a query that would attend to nothing attends to all
    return (mask | ~mask.any(-1, keepdim=True))[:, None]


def _with_dropout(layer_cfg: dict, dropout: float) -> dict:
    """A layer of the same widths with another dropout."""
    layer_cfg = copy.deepcopy(layer_cfg)
    for name in ('self_attn_cfg', 'cross_attn_cfg'):
        layer_cfg[name].update(dropout=dropout)
    layer_cfg['ffn_cfg'].update(ffn_drop=dropout)
    return layer_cfg
