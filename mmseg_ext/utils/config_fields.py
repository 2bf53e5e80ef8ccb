from typing import Optional

from mmengine.config import Config
from mmengine.registry import init_default_scope


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
