"""Small segmentors of many kinds, to put under every algorithm."""
import copy
import os.path as osp

from mmengine.config import Config, ConfigDict
from mmengine.hub import get_config

from .tool_runner import REPO

BN = dict(type='BN', requires_grad=True)


def model_of(path):
    """The model of a config of this repository."""
    return Config.fromfile(osp.join(REPO, 'configs', path)).model


def segformer():
    return ConfigDict(
        type='EncoderDecoder',
        backbone=dict(
            type='MixVisionTransformer',
            embed_dims=8,
            num_layers=[1, 1, 1, 1],
            num_heads=[1, 2, 4, 8],
            drop_path_rate=0.1),
        decode_head=dict(
            type='SegformerHead',
            in_channels=[8, 16, 32, 64],
            in_index=[0, 1, 2, 3],
            channels=16,
            num_classes=9,
            norm_cfg=BN))


def upernet_swin():
    return ConfigDict(
        type='EncoderDecoder',
        backbone=dict(
            type='SwinTransformer',
            embed_dims=8,
            depths=[1, 1, 1, 1],
            num_heads=[1, 1, 1, 1],
            window_size=4,
            drop_path_rate=0.1),
        decode_head=dict(
            type='UPerHead',
            in_channels=[8, 16, 32, 64],
            in_index=[0, 1, 2, 3],
            pool_scales=(1, 2),
            channels=16,
            num_classes=9,
            norm_cfg=BN),
        auxiliary_head=dict(
            type='FCNHead',
            in_channels=32,
            in_index=2,
            channels=16,
            num_convs=1,
            concat_input=False,
            num_classes=9,
            norm_cfg=BN))


def mask2former():
    """mmseg's own, with a small encoder and decoder."""
    model = get_config(
        'mmseg::mask2former/mask2former_r50_8xb2-90k_cityscapes-512x1024.py'
    ).model
    model.backbone.update(depth=18, base_channels=16, init_cfg=None)
    model.data_preprocessor = None
    head = model.decode_head
    head.update(
        in_channels=[16, 32, 64, 128],
        feat_channels=32,
        out_channels=32,
        num_queries=12,
        num_classes=9)
    head.loss_cls.class_weight = [1.0] * 9 + [0.1]
    head.train_cfg.num_points = 256
    for part in (head.pixel_decoder.encoder, head.transformer_decoder):
        part.num_layers = 1
        for name, module in part.layer_cfg.items():
            if isinstance(module, dict):
                module.embed_dims = 32
        part.layer_cfg.ffn_cfg.feedforward_channels = 32
    for encoding in (head.pixel_decoder, head):
        encoding.positional_encoding.num_feats = 16
    return model


SEGMENTORS = {
    'DeepLabV3+':
    lambda: model_of('_base_/models/deeplabv3plus_tiny_aux.py'),
    'SegFormer':
    segformer,
    'UPerNet, Swin':
    upernet_swin,
    'DANet':
    lambda: model_of('danet/danet_toystreet.py'),
    'FastFCN':
    lambda: model_of('fastfcn/fastfcn_toystreet.py'),
    'Gated-SCNN':
    lambda: model_of('gscnn/gscnn_toystreet.py'),
    'TransUNet':
    lambda: model_of('_base_/models/transunet_tiny.py'),
    'Mask2Former':
    mask2former,
    'OneFormer':
    lambda: model_of('oneformer/'
                     'oneformer_semantic-head_toystreet.py'),
}


def build_config(name, num_classes=9):
    """Config of a segmentor for a number of classes, without preprocessor.

    Args:
        name (str): One of :data:`SEGMENTORS`.
        num_classes (int): Defaults to 9, the classes of ToyStreet.
    """
    model = copy.deepcopy(SEGMENTORS[name]())
    model.pop('data_preprocessor', None)
    for key in ('train_cfg', 'test_cfg'):
        model.setdefault(key, {})
    model.test_cfg.setdefault('mode', 'whole')
    _set_classes(model, num_classes)
    return model


def _set_classes(node, num_classes):
    if isinstance(node, dict):
        for key, value in node.items():
            if key == 'num_classes' and value == 9:
                node[key] = num_classes
            elif key == 'class_weight' and len(value) == 10:
                node[key] = [1.0] * num_classes + [0.1]
            elif key == 'class_names':
                node[key] = [f'class {i}' for i in range(num_classes)]
            else:
                _set_classes(value, num_classes)
    elif isinstance(node, (list, tuple)):
        for item in node:
            _set_classes(item, num_classes)
