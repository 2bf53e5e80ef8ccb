"""Fields of configs."""
from typing import Any, Optional

from mmengine.config import Config
from mmengine.registry import init_default_scope


def type_name(cfg: Any) -> str:
    """Name of the class that the ``type`` of a config stands for.

    Configs that import have the class itself there, and its path within its
    module once they are dumped.

    Args:
        cfg (dict): Config of a part.

    Returns:
        str: Without scope or module; '' if there is no type.
    """
    kind = cfg.get('type') if isinstance(cfg, dict) else None
    return (getattr(kind, '__name__', kind) or '').split('.')[-1]


def read_plain_config(path: str) -> Config:
    """Read a config; classes that it imports turn into their paths.

    The parts of such configs go into those that name their types.

    Args:
        path (str): Config file.
    """
    return Config(Config.fromfile(path).to_dict())


def read_config_field(path: str,
                      key: str,
                      options: Optional[dict] = None) -> dict:
    """Read one field of a config file and enter the config's scope.

    Args:
        path (str): Config file.
        key (str): The field, such as ``train_dataloader.dataset``; parts of
            lists by their numbers, ``datasets[0]`` or ``datasets.0``.
        options (dict, optional): Settings to override. Defaults to None.

    Returns:
        dict: The field's value.

    Raises:
        ValueError: If the config has no such field.
    """
    cfg = Config.fromfile(path)
    if options is not None:
        cfg.merge_from_dict(options)
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    found = cfg.to_dict()
    for part in key.replace('[', '.').replace(']', '').split('.'):
        if isinstance(found, (list, tuple)) and part.isdecimal():
            part = int(part)
            known = part < len(found)
        else:
            known = isinstance(found, dict) and part in found
        if not known:
            raise ValueError(f'{path} has no field {key}; name the field of '
                             'its data set with --key')
        found = found[part]
    return found
