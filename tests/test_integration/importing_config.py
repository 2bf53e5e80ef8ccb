"""Writes configs in pure Python, which import what they are made of."""
from importlib import import_module
from pathlib import Path

from mmengine.registry import Registry


class _Name:

    def __init__(self, name):
        self.name = name

    def __repr__(self):
        return self.name


def public_module(kind):
    """The outermost module that has a class, as users import it.

    That of mmdet's L1Loss is hidden by a function of the same name.
    """
    parts = kind.__module__.split('.')
    modules = ('.'.join(parts[:n]) for n in range(1, len(parts) + 1))
    return next(
        name for name in modules
        if getattr(import_module(name), kind.__name__, None) is kind)


def write_importing(cfg, path):
    """Write a config with an imported class in place of each type's name.

    Args:
        cfg (Config): The config; its scope has been entered.
        path (Path): Where to.
    """
    module = import_module(f'{cfg.default_scope}.registry')
    registries = [
        registry for registry in vars(module).values() if
        isinstance(registry, Registry) and registry.scope == cfg.default_scope
    ]
    imports = {}

    def alias(name):
        for registry in registries:
            found = registry.get(name)
            if isinstance(found, type):
                number = imports.setdefault(found, len(imports))
                return _Name(f'{found.__name__}{number}')
        return name  # no class, or none that a registry has

    def imported(node):
        if isinstance(node, dict):
            return {
                key:
                alias(value) if key == 'type' and isinstance(value, str) else
                imported(value)
                for key, value in node.items()
            }
        if isinstance(node, (list, tuple)):
            return type(node)(imported(value) for value in node)
        return node

    content = cfg.to_dict()
    content.pop('custom_imports')  # the imports themselves register
    body = [f'{key} = {imported(value)!r}' for key, value in content.items()]
    head = [
        f'from {public_module(kind)} import {kind.__name__} as '
        f'{kind.__name__}{number}' for kind, number in imports.items()
    ]
    Path(path).write_text('\n'.join(['import mmseg_ext', *head, *body, '']))
    return str(path)
