import math
from typing import Dict, Mapping, Optional, Sequence

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor

from . import transformers_models as models
from .base import BaseCoSegmentor, weights_hash

GENERIC_BACKGROUND = ('sky', 'ground', 'grass', 'road', 'water', 'wall',
                      'floor', 'ceiling', 'building', 'tree', 'rock', 'sand',
                      'curtain', 'window')


@MODELS.register_module()
class FoundationCoSegmentor(BaseCoSegmentor):
    """CLIP says what, a self-supervised ViT says which pixels belong to it.

    1. Each cell gets the class whose text is nearest to CLIP's embedding of
       it, among the classes that the image shows, all old ones and generic
       names of background (``init``).
    2. Seeds are drawn in the mask of a class. Where the ViT's last layer
       attends from them, up to a share of the attention, is the class too
       (``seeds``).
    3. ``refined`` joins both. A cell that is the initial mask of one class
       stays that class's alone.

    Of `Foundation Model Drives Weakly Incremental Learning for Semantic
    Segmentation <https://arxiv.org/abs/2302.14250>`_. How it turns scores
    into masks is not published: names of background, ``keep`` and
    ``min_patches`` are choices of this project.

    Args:
        clip (str): A CLIP model, by its name on the hub or its folder.
            Defaults to 'openai/clip-vit-base-patch16'.
        vit (str): A ViT, likewise; one trained without labels. Defaults to
            'facebook/dino-vitb16'.
        templates (str or Sequence[str]): Prompts, by their name in
            MMSegmentation (``'imagenet'``, ``'vild'``) or with ``{}``.
            Defaults to 'imagenet'.
        class_prompts (dict[str, Sequence[str]], optional): Other names of a
            class, which are averaged. Defaults to None.
        background_names (Sequence[str]): Classes that only take cells away;
            those of the task are left out.
        short_side (int): Short side that images are resized to, both sides to
            multiples of the patches. Defaults to 448.
        value_path (str): See :func:`clip_dense_features`. Defaults to
            'residual'.
        min_patches (int): A class with a smaller mask gets the cells of its
            highest scores. Defaults to 4.
        top_share (float): How many then. Defaults to 0.05.
        num_seeds (int): Seeds of a class. Defaults to 10.
        keep (float): Share that is kept. Defaults to 0.7.
        keep_of (str): Of the attention's ``'mass'`` or of the ``'patches'``.
            Defaults to 'mass'.
        affinity (str): ``'attention'``, or the cosine of ``'key'`` vectors,
            of which all above ``key_threshold`` are kept. Defaults to
            'attention'.
        key_threshold (float): Defaults to 0.2.
        combine (str): ``'union'``, ``'intersection'``, ``'seeds'`` or
            ``'init'``. Defaults to 'union'.

    Raises:
        ImportError: If transformers is not installed.
        OSError: If a model cannot be loaded.
        ValueError: If an option has none of its values.
    """

    def __init__(self,
                 clip: str = 'openai/clip-vit-base-patch16',
                 vit: str = 'facebook/dino-vitb16',
                 templates='imagenet',
                 class_prompts: Optional[Mapping[str, Sequence[str]]] = None,
                 background_names: Sequence[str] = GENERIC_BACKGROUND,
                 short_side: int = 448,
                 value_path: str = 'residual',
                 min_patches: int = 4,
                 top_share: float = 0.05,
                 num_seeds: int = 10,
                 keep: float = 0.7,
                 keep_of: str = 'mass',
                 affinity: str = 'attention',
                 key_threshold: float = 0.2,
                 combine: str = 'union') -> None:
        super().__init__()
        for name, value, options in (('value_path', value_path, ('residual',
                                                                 'value')),
                                     ('keep_of', keep_of, ('mass', 'patches')),
                                     ('affinity', affinity,
                                      ('attention',
                                       'key')), ('combine', combine,
                                                 ('union', 'intersection',
                                                  'seeds', 'init'))):
            if value not in options:
                raise ValueError(f'FoundationCoSegmentor.{name} must be one '
                                 f'of {list(options)} but is {value!r}.')
        self.options = dict(
            clip=clip,
            vit=vit,
            templates=templates,
            class_prompts={
                name: list(value)
                for name, value in (class_prompts or {}).items()
            },
            background_names=list(background_names),
            short_side=short_side,
            value_path=value_path,
            min_patches=min_patches,
            top_share=top_share,
            num_seeds=num_seeds,
            keep=keep,
            keep_of=keep_of,
            affinity=affinity,
            key_threshold=key_threshold,
            combine=combine)
        if isinstance(templates, str):
            from mmseg.utils import get_predefined_templates
            templates = get_predefined_templates(templates)
        self.templates = list(templates)
        field = 'FoundationCoSegmentor'
        self.clip = models.load_pretrained('CLIPModel', clip, f'{field}.clip')
        self.vit = models.load_pretrained(
            'ViTModel', vit, f'{field}.vit', add_pooling_layer=False)
        self.patches = (self.clip.config.vision_config.patch_size,
                        self.vit.config.patch_size)
        for name in ('CLIP', 'IMAGENET'):
            for part in ('MEAN', 'STD'):
                value = torch.tensor(getattr(models, f'{name}_{part}'))
                self.register_buffer(f'{name}_{part}'.lower(),
                                     value.view(3, 1, 1), False)
        self._text: Dict[str, Tensor] = {}

    def recipe(self) -> dict:
        """Options, the class names and hashes of both models."""
        return dict(
            type=type(self).__name__,
            old_classes=list(self.old_classes),
            clip_weights=weights_hash(self.clip),
            vit_weights=weights_hash(self.vit),
            **self.options)

    # -- texts ------------------------------------------------------------

    def text_embedding(self, name: str) -> Tensor:
        """Unit embedding of a class, averaged over prompts, (d, )."""
        if name not in self._text:
            from mmseg.utils import tokenize
            aliases = self.options['class_prompts'].get(name, [name])
            texts = [t.format(a) for a in aliases for t in self.templates]
            device = self.clip_mean.device
            features = models.clip_text_features(self.clip,
                                                 tokenize(texts).to(device))
            mean = F.normalize(features.float(), dim=1).mean(0)
            self._text[name] = F.normalize(mean, dim=0)
        return self._text[name].to(self.clip_mean.device)

    def compared_classes(self, classes: Sequence[str]) -> Sequence[str]:
        """Shown classes first, then the old ones and background."""
        others = [c for c in self.old_classes if c not in classes]
        known = {*classes, *others}
        ground = [
            c for c in self.options['background_names'] if c not in known
        ]
        return [*classes, *others, *ground]

    # -- masks ------------------------------------------------------------

    @torch.no_grad()
    def masks(self,
              image: Tensor,
              classes: Sequence[str],
              seed: int,
              truth: Optional[Tensor] = None) -> Dict[str, Tensor]:
        """See :meth:`BaseCoSegmentor.masks`; with ``seeds`` and ``attention``.

        ``attention`` is float (P, h, w), 1 at its highest.
        """
        pixels = self.resize(image)
        grid = models.patch_grid(pixels[None], min(self.patches))
        init = self.initial_masks(pixels, classes, grid)
        queries, keys = models.vit_queries_keys(
            self.vit,
            ((pixels - self.imagenet_mean) / self.imagenet_std)[None])
        own = models.patch_grid(pixels[None], self.patches[1])
        draw = torch.Generator().manual_seed(seed)
        where, attention = [], []
        for mask in init:
            cells = F.interpolate(
                mask[None, None].float(), own, mode='nearest-exact').flatten()
            inside = cells.nonzero()[:, 0]
            if not len(inside):  # smaller than a patch of the ViT
                inside = F.adaptive_max_pool2d(mask[None].float(),
                                               own).flatten().nonzero()[:, 0]
            order = torch.randperm(len(inside), generator=draw)
            seeds = inside[order[:self.options['num_seeds']].to(inside.device)]
            kept, values = self._grow(queries[0], keys[0], seeds)
            where.append(kept.view(own))
            attention.append((values / values.max()).view(own))
        seeds = F.interpolate(
            torch.stack(where)[None].float(), grid,
            mode='nearest-exact')[0] > 0
        return dict(
            init=init,
            seeds=seeds,
            attention=torch.stack(attention),
            refined=self._combine(init, seeds))

    def resize(self, image: Tensor) -> Tensor:
        """RGB in [0, 1] whose sides are multiples of both patches."""
        step = math.lcm(*self.patches)
        scale = self.options['short_side'] / min(image.shape[1:])
        size = [
            max(step,
                round(side * scale / step) * step) for side in image.shape[1:]
        ]
        image = image.flip(0)[None].float() / 255
        return F.interpolate(
            image, size, mode='bicubic', antialias=True)[0].clamp(0, 1)

    def initial_masks(self, pixels: Tensor, classes: Sequence[str],
                      grid: Sequence[int]) -> Tensor:
        """Masks by CLIP alone, bool (P, h, w)."""
        features = models.clip_dense_features(
            self.clip, ((pixels - self.clip_mean) / self.clip_std)[None],
            self.options['value_path'])
        texts = torch.stack(
            [self.text_embedding(c) for c in self.compared_classes(classes)])
        scores = torch.einsum('td,ndhw->nthw', texts,
                              F.normalize(features.float(), dim=1))
        scores = F.interpolate(
            scores, tuple(grid), mode='bilinear', align_corners=False)
        prob = (self.clip.logit_scale.exp() * scores).softmax(1)[0]
        index = torch.arange(len(classes), device=prob.device)
        masks = prob.argmax(0)[None] == index[:, None, None]
        own = prob[:len(classes)].flatten(1)
        count = max(1, round(self.options['top_share'] * own.shape[1]))
        top = torch.zeros_like(own).scatter_(1, own.topk(count).indices, 1)
        small = masks.sum((1, 2)) < self.options['min_patches']
        return torch.where(small[:, None, None], top.view_as(masks) > 0, masks)

    def _grow(self, queries: Tensor, keys: Tensor, seeds: Tensor):
        """Patches that belong to seeds, bool (hw, ), and the values."""
        if self.options['affinity'] == 'key':
            values = models.seed_similarity(keys, seeds)
            return values > self.options['key_threshold'], values
        values = models.seed_attention(queries, keys, seeds)
        if self.options['keep_of'] == 'mass':
            return keep_mass(values, self.options['keep']), values
        count = max(1, round(self.options['keep'] * len(values)))
        kept = torch.zeros_like(values, dtype=torch.bool)
        kept[values.topk(count).indices] = True
        return kept, values

    def _combine(self, init: Tensor, seeds: Tensor) -> Tensor:
        how = self.options['combine']
        if how == 'init':
            return init
        if how == 'seeds':
            return seeds
        if how == 'intersection':
            return init & seeds
        others = (init.sum(0, keepdim=True) - init.int()) > 0
        return init | (seeds & ~others)


def keep_mass(values: Tensor, share: float) -> Tensor:
    """The fewest values that hold a share of their sum.

    Args:
        values (Tensor): Non-negative, (M, ).
        share (float): In [0, 1].

    Returns:
        Tensor: Which they are, bool (M, ).
    """
    ordered, order = values.sort(descending=True)
    mass = ordered.double().cumsum(0)
    count = (mass < (share - 1e-6) * mass[-1]).sum() + 1
    kept = torch.arange(len(values), device=values.device) < count
    return torch.zeros_like(kept).scatter_(0, order, kept)
