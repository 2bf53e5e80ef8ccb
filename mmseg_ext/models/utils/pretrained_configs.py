"""Pretrained weights that configs of models name."""
import copy
from typing import Any

from mmseg.utils import ConfigType

from ...utils.config_fields import type_name


def without_pretrained(cfg: ConfigType) -> ConfigType:
    """A copy of a model config that loads no pretrained weights.

    For a network that is overwritten by another one, such as a teacher by its
    student: weights read for it would be read twice.

    Args:
        cfg (dict): Config of a model.

    Returns:
        dict: The copy, without names of files at any depth.
    """

    def strip(node):
        if isinstance(node, dict):
            for key in list(node):
                value = node[key]
                if key == 'pretrained' and isinstance(value, str):
                    node[key] = None
                elif key == 'init_cfg' and is_pretrained(value):
                    node.pop(key)
                elif key == 'init_cfg' and isinstance(value, (list, tuple)):
                    node[key] = [x for x in value if not is_pretrained(x)]
                else:
                    strip(value)
        elif isinstance(node, (list, tuple)):
            for value in node:
                strip(value)

    cfg = copy.deepcopy(cfg)
    strip(cfg)
    return cfg


def is_pretrained(init_cfg: Any) -> bool:
    """Whether an ``init_cfg`` does nothing but read weights from a file."""
    return type_name(init_cfg) in ('Pretrained', 'PretrainedInit')
