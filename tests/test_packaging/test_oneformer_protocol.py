"""The configs of OneFormer hold what paper and README say."""
import copy
from functools import lru_cache

import pytest
import torch
from mmengine.config import Config
from mmengine.fileio import load
from mmengine.registry import DefaultScope

import mmseg_ext  # noqa: F401

pytest.importorskip('mmdet')
from mmdet.registry import DATASETS, MODELS  # noqa: E402  isort: skip

PAPER = {
    'oneformer_r50_369k_coco-panoptic-1024x1024': (150, 368750, 0.8),
    'oneformer_swin-l_738k_coco-panoptic-1024x1024': (150, 737500, 0.8),
    'oneformer_r50_160k_ade20k-panoptic-512x512': (150, 160000, 0.5),
    'oneformer_r50_160k_ade20k-panoptic-640x640': (150, 160000, 0.5),
    'oneformer_swin-l_160k_ade20k-panoptic-640x640': (250, 160000, 0.5),
    'oneformer_convnext-l_160k_ade20k-panoptic-640x640': (250, 160000, 0.5),
    'oneformer_r50_90k_cityscapes-panoptic-512x1024': (150, 90000, 0.8),
    'oneformer_swin-l_90k_cityscapes-panoptic-512x1024': (250, 90000, 0.8),
    'oneformer_convnext-l_90k_cityscapes-panoptic-512x1024': (250, 90000, 0.8),
}


@pytest.fixture(scope='module')
def configs(repo):
    """All configs on MMDetection by name."""
    with pytest.MonkeyPatch.context() as patch:
        # For each base mmengine reads all metafiles of its package anew.
        patch.setattr('mmengine.config.utils.load', lru_cache(load))
        found = {
            path.stem: Config.fromfile(str(path))
            for path in sorted((repo / 'configs/oneformer').glob('*.py'))
            # held to the config of several GPUs by test_config_rules.py
            if not path.stem.endswith('_1gpu')
        }
    return {
        name: cfg
        for name, cfg in found.items() if cfg.default_scope == 'mmdet'
    }


def pipeline_of(cfg):
    return cfg.train_dataloader.dataset.dataset.pipeline


def test_settings_of_the_paper(configs):
    assert set(PAPER) == {
        name
        for name in configs
        if not any(part in name for part in ('toystreet', '100', 'pennfudan'))
    }
    for name, (queries, iters, threshold) in PAPER.items():
        cfg = configs[name]
        assert cfg.model.panoptic_head.num_queries == queries, name
        assert cfg.model.test_cfg.max_per_image == queries, name
        assert cfg.model.test_cfg.object_mask_thr == threshold, name
        assert cfg.train_cfg.max_iters == cfg.param_scheduler.end == iters
        wrapper = cfg.optim_wrapper
        assert (wrapper.optimizer.type, wrapper.optimizer.lr,
                wrapper.optimizer.weight_decay) == ('AdamW', 1e-4, 0.05)
        assert wrapper.clip_grad.max_norm == 0.01
        gpus = 8 if 'r50' in name else 16
        assert cfg.train_dataloader.batch_size * gpus == 16
        assert cfg.auto_scale_lr.base_batch_size == 16
        decoder = cfg.model.panoptic_head
        assert decoder.transformer_decoder.num_layers == 9
        assert decoder.pixel_decoder.encoder.num_layers == 6
        attention = decoder.pixel_decoder.encoder.layer_cfg.self_attn_cfg
        assert attention.dropout == 0.1


def test_texts_and_classes_fit_the_model(configs):
    for name, cfg in configs.items():
        head = cfg.model.panoptic_head
        sample = pipeline_of(cfg)[-2]
        assert sample.type == 'SampleSegmentationTask', name
        assert sample.num_texts == (head.num_queries -
                                    head.text_mapper.num_ctx), name
        classes = head.num_things_classes + head.num_stuff_classes
        assert len(head.loss_cls.class_weight) == classes + 1, name
        data = cfg.train_dataloader.dataset.dataset
        meta = data.get('metainfo') or DATASETS.get(data.type).METAINFO
        assert len(meta['classes']) == classes, name
        things = cfg.model.panoptic_fusion_head.get('thing_classes')
        things = range(head.num_things_classes) if things is None else things
        assert [meta['classes'][i]
                for i in things] == list(meta['thing_classes']), name


def test_every_model_builds(configs):
    for name, cfg in configs.items():
        backbone, head = cfg.model.backbone, cfg.model.panoptic_head
        if backbone.type == 'SwinTransformer':
            assert head.in_channels == [
                backbone.embed_dims * 2**level for level in range(4)
            ]
        if backbone.type != 'ResNet':
            # Swin does not build on meta; ConvNeXt needs torchvision
            cfg.model.backbone = dict(type='ResNet', depth=18)
        with DefaultScope.overwrite_default_scope('mmdet'):
            with torch.device('meta'):
                model = MODELS.build(cfg.model)
        cfg.model.backbone = backbone
        assert model.panoptic_head.num_texts == pipeline_of(cfg)[-2].num_texts


@pytest.mark.parametrize('name', [
    'oneformer_swin-l_160k_ade20k-panoptic-640x640',
    'oneformer_r50_90k_cityscapes-panoptic-512x1024'
])
def test_decay_of_parameters(configs, name):
    """None for norms and embeddings, a tenth of the rate in the backbone."""
    from mmengine.optim import build_optim_wrapper
    cfg = copy.deepcopy(configs[name])
    if 'swin' in name:
        cfg.model.backbone.update(
            embed_dims=16, depths=(2, 2, 2, 2), num_heads=(1, 2, 4, 8))
        cfg.model.panoptic_head.in_channels = [16, 32, 64, 128]
    else:
        cfg.model.backbone.init_cfg = None
    with DefaultScope.overwrite_default_scope('mmdet'):
        model = MODELS.build(cfg.model)
        optimizer = build_optim_wrapper(model, cfg.optim_wrapper).optimizer
    groups = {
        id(parameter): group
        for group in optimizer.param_groups
        for parameter in group['params']
    }
    norms = {
        id(p)
        for module in model.modules()
        if isinstance(module, (torch.nn.LayerNorm, torch.nn.GroupNorm,
                               torch.nn.modules.batchnorm._BatchNorm))
        for p in module.parameters()
    }
    bare = ('query_embed', 'level_embed', 'token_embedding',
            'text_mapper.context', 'relative_position_bias_table')
    for name, parameter in model.named_parameters():
        group = groups[id(parameter)]
        rate = 1e-5 if name.startswith('backbone') else 1e-4
        assert group['lr'] == pytest.approx(rate), name
        free = id(parameter) in norms or any(part in name for part in bare)
        assert group['weight_decay'] == (0. if free else 0.05), name


def test_single_tasks_differ_in_the_task_alone(configs):
    whole = configs['oneformer_toystreet'].to_dict()
    for task in ('panoptic', 'instance', 'semantic'):
        cfg = configs[f'oneformer_{task}-only_toystreet'].to_dict()
        sample = cfg['train_dataloader']['dataset']['dataset']['pipeline'][-2]
        assert sample.pop('task_weights') == {task: 1}
        assert cfg['model'].pop('test_cfg')['tasks'] == (task, )
        for key in ('model', 'train_dataloader', 'optim_wrapper', 'train_cfg',
                    'param_scheduler'):
            wanted = copy.deepcopy(whole[key])
            if key == 'model':
                del wanted['test_cfg']
            assert cfg[key] == wanted, key
